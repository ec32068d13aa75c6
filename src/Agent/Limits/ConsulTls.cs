using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Agent.Platform;

namespace Agent.Limits;

/// <summary>TLS with one Consul, once. Its files are read then, so that a certificate may be renewed under a running agent.</summary>
internal sealed class ConsulTls(ConsulEndpoint endpoint)
{
    private readonly string _serverName = endpoint.ServerName ?? endpoint.Address.DnsSafeHost;
    private SslPolicyErrors _errors;
    private X509ChainStatusFlags _chainErrors;

    /// <exception cref="LimitUnknownException">A file is missing or wrong, or one of the two does not trust the other.</exception>
    internal async Task<Stream> SecureAsync(Stream plain, CancellationToken cancellationToken)
    {
        if (!OpenSsl.IsInstalled)
        {
            throw new LimitUnknownException($"{endpoint.Name} wants TLS: {OpenSsl.Advice}");
        }

        SslClientAuthenticationOptions options = new()
        {
            TargetHost = _serverName,
            CertificateChainPolicy = Trust(),
            ClientCertificateContext = OwnCertificate(),
            RemoteCertificateValidationCallback = Accept,
        };
        SslStream secure = new(plain);
        try
        {
            await secure.AuthenticateAsClientAsync(options, cancellationToken);
            return secure;
        }
        catch (Exception failure) when (failure is AuthenticationException or IOException)
        {
            throw new LimitUnknownException(Describe(failure));
        }
    }

    private X509ChainPolicy Trust()
    {
        // Nothing is fetched from elsewhere to judge a certificate by.
        X509ChainPolicy policy = new() { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (endpoint.CaFile is { } file)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            Load("the CA file", file, () => policy.CustomTrustStore.ImportFromPem(Read(file)));
            if (policy.CustomTrustStore.Count == 0)
            {
                throw new LimitUnknownException($"the CA file {file} holds no certificate in PEM; give the one that signed Consul's");
            }
        }

        return policy;
    }

    private SslStreamCertificateContext? OwnCertificate()
    {
        if (endpoint.CertificateFile is not { } file)
        {
            return null;
        }

        SslStreamCertificateContext? context = null;
        Load("the client certificate", $"{file} with the key {endpoint.KeyFile}", () =>
        {
            string chain = Read(file);
            X509Certificate2 own = X509Certificate2.CreateFromPem(chain, Read(endpoint.KeyFile!));
            X509Certificate2Collection issuers = [];
            issuers.ImportFromPem(chain);
            context = SslStreamCertificateContext.Create(own, issuers, offline: true);
        });
        return context;
    }

    private static string Read(string file)
    {
        using StreamReader reader = new(RegularFile.OpenRead(file));
        return reader.ReadToEnd();
    }

    private static void Load(string what, string file, Action load)
    {
        try
        {
            load();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new LimitUnknownException($"cannot load {what} {file}: {failure.Message}");
        }
    }

    private bool Accept(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        _errors = endpoint.VerifiesCertificate ? errors : SslPolicyErrors.None;
        foreach (X509ChainStatus status in chain?.ChainStatus ?? [])
        {
            _chainErrors |= status.Status;
        }

        return _errors == SslPolicyErrors.None;
    }

    private string Describe(Exception failure)
    {
        if (_errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            string advice = _chainErrors.HasFlag(X509ChainStatusFlags.NotTimeValid)
                ? "renew it, or set the clock"
                : "give the file of the CA that signed it as caFile or CONSUL_CACERT";
            return $"{endpoint.Name} shows a certificate that is not trusted ({_chainErrors}); {advice}";
        }

        if (_errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return $"{endpoint.Name} shows a certificate that is not for {_serverName}; give the name that it is for as CONSUL_TLS_SERVER_NAME";
        }

        // Not a byte came back: a service that does not like what it was shown answers with a TLS alert.
        if (failure is IOException)
        {
            return $"{endpoint.Name} {ConsulLimit.ClosedInSilence(endpoint)}";
        }

        return $"{endpoint.Name} and the agent cannot agree on TLS ({failure.GetBaseException().Message}); "
            + "check that this is its HTTPS port, and whether it wants a client certificate (CONSUL_CLIENT_CERT)";
    }
}
