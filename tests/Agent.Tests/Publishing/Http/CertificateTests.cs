using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Agent.Publishing.Http;
using Testing;

namespace Agent.Tests.Publishing.Http;

/// <summary>TLS with certificates that the test creates, and changes of their files.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly ManualTime _time = new();
    private readonly TestAuthority _root;

    public CertificateTests() => _root = new TestAuthority(_scratch, "root");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string CertificateFile => _scratch["server.pem"];

    private string KeyFile => _scratch["server-key.pem"];

    public void Dispose()
    {
        _root.Dispose();
        _scratch.Dispose();
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Server_sends_the_whole_chain_to_a_client_that_trusts_only_the_root(SslProtocols protocol)
    {
        using TestAuthority intermediate = new(_scratch, "intermediate", _root);
        using X509Certificate2 certificate = intermediate.Server("127.0.0.1");
        Write(certificate, await File.ReadAllTextAsync(intermediate.CaFile, Cancelled));
        await using RunningEndpoint endpoint = await Start();

        X509ChainPolicy policy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.ImportFromPemFile(_root.CaFile);
        SocketsHttpHandler handler = new() { SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy, EnabledSslProtocols = protocol } };
        using HttpClient client = endpoint.Client(handler: handler);
        Assert.Equal("# PrometheusText\nx 1\n", await client.GetStringAsync("/metrics", Cancelled));
        Assert.Equal([$"Information: listening on https://{endpoint.Address}"], endpoint.Log);
    }

    [Fact]
    public async Task New_connections_get_a_renewed_certificate_and_never_a_broken_one()
    {
        using X509Certificate2 first = _root.Server("127.0.0.1");
        using X509Certificate2 second = _root.Server("127.0.0.1", validDays: 4);
        Write(first);
        await using RunningEndpoint endpoint = await Start();
        using HttpClient connected = endpoint.Client(handler: Trusting(shown => Assert.Equal(first.Thumbprint, shown)));
        Assert.Equal("alive\n", await connected.GetStringAsync("/health", Cancelled));
        Assert.Equal(first.Thumbprint, await Shown(endpoint));

        // The certificate of the new pair, with the key of the old one.
        await File.WriteAllTextAsync(CertificateFile, second.ExportCertificatePem(), Cancelled);
        Assert.Equal(first.Thumbprint, await Shown(endpoint));
        Assert.Equal(first.Thumbprint, await Shown(endpoint));
        Write(second);
        Assert.Equal(second.Thumbprint, await Shown(endpoint));
        Assert.Equal("alive\n", await connected.GetStringAsync("/health", Cancelled));

        await File.WriteAllTextAsync(KeyFile, "no key", Cancelled);
        Assert.Equal(second.Thumbprint, await Shown(endpoint));
        File.Delete(CertificateFile);
        Assert.Equal(second.Thumbprint, await Shown(endpoint));
        Write(second);
        Assert.Equal(second.Thumbprint, await Shown(endpoint));

        const string Kept = "; the previous certificate stays in use";
        string broken = $"Warning: cannot reload the endpoint's certificate: {CertificateFile} and {KeyFile} are not a certificate and its unencrypted key "
            + "in PEM: ";
        string reloaded = $"Information: the endpoint now uses the certificate in {CertificateFile}, valid until "
            + $"{second.NotAfter.ToUniversalTime():yyyy-MM-ddTHH:mm:ssZ}";
        Assert.Collection(
            endpoint.Log.Skip(1),
            line => Assert.True(line.StartsWith(broken, StringComparison.Ordinal) && line.EndsWith(Kept, StringComparison.Ordinal), line),
            line => Assert.Equal(reloaded, line),
            line => Assert.True(line.StartsWith(broken, StringComparison.Ordinal) && line.EndsWith(Kept, StringComparison.Ordinal), line),
            line => Assert.True(line.Contains($"{CertificateFile} cannot be read: ") && line.EndsWith(Kept, StringComparison.Ordinal), line),
            line => Assert.Equal(reloaded, line));
    }

    [Fact]
    public async Task Client_without_TLS_gets_no_answer_and_disturbs_no_other_client()
    {
        using X509Certificate2 certificate = _root.Server("127.0.0.1");
        Write(certificate);
        await using RunningEndpoint endpoint = await Start();
        Assert.Equal("", await RawHttp.Ask(endpoint, RawHttp.Scrape));
        Assert.Equal(certificate.Thumbprint, await Shown(endpoint));
        Assert.Equal([$"Information: listening on https://{endpoint.Address}"], endpoint.Log);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Endpoint_does_not_start_without_a_certificate_and_its_key(bool foreignKey, bool noCertificate)
    {
        using X509Certificate2 certificate = _root.Server("127.0.0.1");
        using X509Certificate2 other = _root.Server("127.0.0.1");
        Write(certificate);
        if (foreignKey)
        {
            await File.WriteAllTextAsync(KeyFile, KeyOf(other), Cancelled);
        }

        if (noCertificate)
        {
            File.Delete(CertificateFile);
        }

        EndpointException refused = await Assert.ThrowsAsync<EndpointException>(Start);
        Assert.Matches(@"^cannot serve at https://127\.0\.0\.1:\d+: ", refused.Message);
        Assert.Contains(CertificateFile, refused.Message);
        Assert.DoesNotContain('\n', refused.Message);
    }

    private Task<RunningEndpoint> Start() => RunningEndpoint.Start(
        configure: settings => settings with { CertificateFile = CertificateFile, KeyFile = KeyFile }, time: _time);

    private static string KeyOf(X509Certificate2 certificate) => certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();

    private void Write(X509Certificate2 certificate, string issuers = "")
    {
        File.WriteAllText(CertificateFile, certificate.ExportCertificatePem() + "\n" + issuers);
        File.WriteAllText(KeyFile, KeyOf(certificate));
    }

    /// <returns>The thumbprint of the certificate that a new connection gets, after the files are checked again.</returns>
    private async Task<string> Shown(RunningEndpoint endpoint)
    {
        _time.Leap(TimeSpan.FromSeconds(1));
        string shown = "";
        using HttpClient client = endpoint.Client(handler: Trusting(thumbprint => shown = thumbprint));
        using HttpResponseMessage answer = await client.GetAsync("/health", Cancelled);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return shown;
    }

    private static SocketsHttpHandler Trusting(Action<string> seen) => new()
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                seen(((X509Certificate2)certificate!).Thumbprint);
                return certificate is not null;
            },
        },
    };
}
