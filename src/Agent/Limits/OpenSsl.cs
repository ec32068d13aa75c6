using System.Runtime.InteropServices;

namespace Agent.Limits;

/// <summary>
/// Whether OpenSSL is installed, which .NET loads for TLS, certificates and hashes when it first needs them. Where there is none it aborts the whole
/// process, so that this has to be known before.
/// </summary>
internal static class OpenSsl
{
    /// <summary>Why something cannot be done without it, and what to do.</summary>
    internal const string Advice = "this needs OpenSSL, and its library libssl is not installed; install libssl3 (Debian, Ubuntu) or openssl-libs (Fedora, RHEL)";

    // Those that .NET looks for, src/native/libs/System.Security.Cryptography.Native/opensslshim.c in dotnet/runtime.
    private static readonly string[] Versions = ["3", "1.1", "1.0.2", "1.0.0", "10"];

    private static readonly Lazy<bool> Installed = new(() => Names().Any(name => NativeLibrary.TryLoad(name, out _)));

    /// <summary>Looked for once: .NET, too, goes on with what it found first.</summary>
    internal static bool IsInstalled => Installed.Value;

    private static IEnumerable<string> Names()
    {
        if (Environment.GetEnvironmentVariable("CLR_OPENSSL_VERSION_OVERRIDE") is { Length: > 0 } version)
        {
            yield return $"libssl.so.{version}";
        }

        foreach (string known in Versions)
        {
            yield return $"libssl.so.{known}";
        }
    }
}
