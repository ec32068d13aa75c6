using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Agent.Publishing.Http;

/// <summary>The endpoint's TLS certificate with its chain. It is read again when its files change; new connections use the new one.</summary>
internal sealed partial class ServerCertificate
{
    private readonly ReloadingFile<SslServerAuthenticationOptions> _options;

    /// <exception cref="FormatException">A file cannot be read, or the two are not a certificate and its key.</exception>
    internal ServerCertificate(string certificateFile, string keyFile, TimeProvider time, ILogger logger) =>
        _options = new ReloadingFile<SslServerAuthenticationOptions>(
            [certificateFile, keyFile],
            contents => OptionsOf(Load(contents[0], contents[1], certificateFile, keyFile)),
            time,
            options => LogReloaded(logger, certificateFile, ExpiryOf(options)),
            reason => LogNotReloaded(logger, reason));

    /// <summary>The TLS options for a new connection.</summary>
    internal SslServerAuthenticationOptions Options => _options.Current;

    private static SslServerAuthenticationOptions OptionsOf(SslStreamCertificateContext context) => new()
    {
        ServerCertificateContext = context,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
    };

    private static DateTime ExpiryOf(SslServerAuthenticationOptions options) =>
        options.ServerCertificateContext!.TargetCertificate.NotAfter.ToUniversalTime();

    private static SslStreamCertificateContext Load(byte[] certificate, byte[] key, string certificateFile, string keyFile)
    {
        try
        {
            string chain = Encoding.UTF8.GetString(certificate);
            X509Certificate2 own = X509Certificate2.CreateFromPem(chain, Encoding.UTF8.GetString(key));
            X509Certificate2Collection issuers = [];
            issuers.ImportFromPem(chain);
            return SslStreamCertificateContext.Create(own, issuers, offline: true);
        }
        catch (Exception failure) when (failure is CryptographicException or ArgumentException)
        {
            throw new FormatException(
                $"{certificateFile} and {keyFile} are not a certificate and its unencrypted key in PEM: {failure.Message.TrimEnd('.')}");
        }
    }

    [LoggerMessage(65, LogLevel.Information, "the endpoint now uses the certificate in {File}, valid until {Expiry:yyyy-MM-ddTHH:mm:ssZ}")]
    private static partial void LogReloaded(ILogger logger, string file, DateTime expiry);

    [LoggerMessage(66, LogLevel.Warning, "cannot reload the endpoint's certificate: {Reason}; the previous certificate stays in use")]
    private static partial void LogNotReloaded(ILogger logger, string reason);
}
