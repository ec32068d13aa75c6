using System.Runtime.InteropServices;

namespace Agent.Platform;

/// <summary>
/// The OpenSSL of the host. .NET loads it when it first needs TLS, a certificate or a hash, and aborts the whole process if it is missing. So check
/// before that.
/// </summary>
internal static class OpenSsl
{
    // The versions that .NET looks for: src/native/libs/System.Security.Cryptography.Native/opensslshim.c in dotnet/runtime.
    private static readonly string[] Versions = ["3", "1.1", "1.0.2", "1.0.0", "10"];

    // Once: .NET does not look again either.
    private static readonly Lazy<bool> Installed = new(() => Names().Any(name => NativeLibrary.TryLoad(name, out _)));

    /// <summary>Checks that OpenSSL is installed.</summary>
    /// <param name="problem">The start of the error: which file cannot be used, or which service requires TLS.</param>
    /// <exception cref="FormatException">OpenSSL is missing. The message is one line: the problem, the reason and which package to install.</exception>
    internal static void Require(string problem)
    {
        if (!Installed.Value)
        {
            throw new FormatException(
                $"{problem}: this needs OpenSSL, and its library libssl is not installed; install libssl3 (Debian, Ubuntu) or openssl-libs (Fedora, RHEL)");
        }
    }

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
