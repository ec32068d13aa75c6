using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Agent.Platform;
using Microsoft.Extensions.Logging;

namespace Agent.Publishing.Http;

/// <summary>The certificate that is shown to clients, with those that signed it; read again when its files change, for the connections to come.</summary>
internal sealed partial class ServerCertificate
{
    private readonly FromFiles<SslServerAuthenticationOptions> _options;

    /// <exception cref="FormatException">A file cannot be read, or the two do not make a certificate with its key.</exception>
    internal ServerCertificate(string certificateFile, string keyFile, TimeProvider time, ILogger logger) =>
        _options = new FromFiles<SslServerAuthenticationOptions>(
            [certificateFile, keyFile],
            contents => OptionsOf(Load(contents[0], contents[1], certificateFile, keyFile)),
            time,
            options => LogRenewed(logger, certificateFile, ExpiryOf(options)),
            reason => LogNotRenewed(logger, reason));

    /// <summary>How a connection that begins now is to be secured.</summary>
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
        if (!OpenSsl.IsInstalled)
        {
            throw new FormatException($"{certificateFile} cannot be used: {OpenSsl.Advice}");
        }

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
                $"{certificateFile} and {keyFile} are not a certificate and its key in PEM, not encrypted: {failure.Message.TrimEnd('.')}");
        }
    }

    [LoggerMessage(65, LogLevel.Information, "the endpoint's certificate is that of {File} as it is now, valid until {Expiry:yyyy-MM-ddTHH:mm:ssZ}")]
    private static partial void LogRenewed(ILogger logger, string file, DateTime expiry);

    [LoggerMessage(66, LogLevel.Warning, "cannot take another certificate for the endpoint: {Reason}; the last good one stays in force")]
    private static partial void LogNotRenewed(ILogger logger, string reason);
}
