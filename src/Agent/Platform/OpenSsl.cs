using System.Runtime.InteropServices;

namespace Agent.Platform;

/// <summary>
/// Finds out whether OpenSSL is installed. .NET loads it when it first needs TLS, certificates or hashes, and aborts the whole process if it is
/// missing. So the agent must check before.
/// </summary>
internal static class OpenSsl
{
    /// <summary>The end of errors about a missing OpenSSL: the reason and what to do.</summary>
    internal const string Advice = "this needs OpenSSL, and its library libssl is not installed; install libssl3 (Debian, Ubuntu) or openssl-libs (Fedora, RHEL)";

    // The versions that .NET looks for; see src/native/libs/System.Security.Cryptography.Native/opensslshim.c in dotnet/runtime.
    private static readonly string[] Versions = ["3", "1.1", "1.0.2", "1.0.0", "10"];

    private static readonly Lazy<bool> Installed = new(() => Names().Any(name => NativeLibrary.TryLoad(name, out _)));

    /// <summary>Looked for only once, because .NET also keeps the first result.</summary>
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
