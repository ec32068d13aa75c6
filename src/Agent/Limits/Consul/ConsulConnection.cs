using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Agent.Platform;

namespace Agent.Limits.Consul;

/// <summary>Opens a connection to Consul, with TLS for an https address. It does not use a proxy, because Consul runs on this host or near it.</summary>
internal static class ConsulConnection
{
    /// <exception cref="LimitUnknownException">Consul cannot be reached, or TLS failed.</exception>
    internal static async Task<Stream> OpenAsync(ConsulEndpoint endpoint, CancellationToken cancellationToken)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new DnsEndPoint(HostOf(endpoint), endpoint.Address.Port), cancellationToken);
            NetworkStream plain = new(socket, ownsSocket: true);
            return endpoint.IsSecure ? await new ConsulTls(endpoint).SecureAsync(plain, cancellationToken) : plain;
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new LimitUnknownException(Describe(endpoint, failure));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // The address of a Consul that listens on all addresses is often configured like this. Go programs connect to this host then.
    private static string HostOf(ConsulEndpoint endpoint) => endpoint.Address.DnsSafeHost switch
    {
        "0.0.0.0" => "127.0.0.1",
        "::" => "::1",
        var host => host,
    };

    private static string Describe(ConsulEndpoint endpoint, SocketException failure) => failure.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => $"{endpoint.Name} refuses the connection; check that it runs and listens there",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain =>
            $"{endpoint.Name} is not found: its name has no address ({failure.Message}); check the name, or use an IP address",
        _ => $"{endpoint.Name} cannot be reached: {failure.Message}; check the address and the route",
    };
}

/// <summary>The TLS handshake of one connection to Consul. It reads the files each time, so that a renewed certificate is used without a restart.</summary>
internal sealed class ConsulTls(ConsulEndpoint endpoint)
{
    private readonly string _serverName = endpoint.ServerName ?? endpoint.Address.DnsSafeHost;
    private SslPolicyErrors _errors;
    private X509ChainStatusFlags _chainErrors;

    /// <exception cref="LimitUnknownException">A file is missing or wrong, or the agent or Consul does not trust the other.</exception>
    internal async Task<Stream> SecureAsync(Stream plain, CancellationToken cancellationToken)
    {
        try
        {
            OpenSsl.Require($"{endpoint.Name} requires TLS");
        }
        catch (FormatException missing)
        {
            throw new LimitUnknownException(missing.Message);
        }

        SslClientAuthenticationOptions options = new()
        {
            TargetHost = _serverName,
            CertificateChainPolicy = ChainPolicy(),
            ClientCertificateContext = ClientCertificate(),
            RemoteCertificateValidationCallback = Validate,
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

    private X509ChainPolicy ChainPolicy()
    {
        // No downloads: neither revocation lists nor missing certificates.
        X509ChainPolicy policy = new() { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (endpoint.CaFile is { } file)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            Load("the CA file", file, () => policy.CustomTrustStore.ImportFromPem(Read(file)));
            if (policy.CustomTrustStore.Count == 0)
            {
                throw new LimitUnknownException($"the CA file {file} contains no certificate in PEM; use the one that signed Consul's");
            }
        }

        return policy;
    }

    private SslStreamCertificateContext? ClientCertificate()
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

    private bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
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
                ? "renew it, or correct the clock"
                : "set caFile or CONSUL_CACERT to the certificate of the CA that signed it";
            return $"{endpoint.Name} has a certificate that is not trusted ({_chainErrors}); {advice}";
        }

        if (_errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return $"{endpoint.Name} has a certificate for another name than {_serverName}; set CONSUL_TLS_SERVER_NAME to a name in the certificate";
        }

        // Consul sent nothing. If it rejected a certificate, it would send a TLS alert.
        if (failure is IOException)
        {
            return $"{endpoint.Name} {ConsulLimit.ClosedWithoutAnswer(endpoint)}";
        }

        return $"{endpoint.Name} and the agent cannot agree on TLS ({failure.GetBaseException().Message}); "
            + "check that this is its HTTPS port, and whether it requires a client certificate (CONSUL_CLIENT_CERT)";
    }
}
