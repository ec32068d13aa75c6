using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Testing;

namespace Integration;

/// <summary>
/// The whole path without node_exporter: kernel, agent, its endpoint with token and TLS, and Prometheus with the rules of deploy/.
/// </summary>
[StartsProgram]
public sealed class EndpointTests : IDisposable
{
    private const string Token = "a-token-of-the-test";
    private readonly TestNamespace _namespace = new();
    private readonly Scratch _scratch = new();
    private readonly string _address = Loopback.FreeAddress();

    public void Dispose()
    {
        _scratch.Dispose();
        _namespace.Dispose();
    }

    [Fact]
    public async Task Prometheus_scrapes_with_token_and_TLS_and_its_rules_fire()
    {
        MakeCertificate();
        await File.WriteAllTextAsync(_scratch["token"], Token + "\n", TestContext.Current.CancellationToken);
        using PortOpener opener = await PortOpener.Start(_namespace, "-n", "190");
        await using FakeConsul consul = new();
        using AgentProcess daemon = AgentProcess.Start(
            [
                "--interval", "100ms", "--total-limit", "1000", "--netns", _namespace.Path, "--textfile-directory", "none", "--listen", _address,
                "--listen-token-file", _scratch["token"], "--listen-certificate-file", _scratch["cert.pem"], "--listen-key-file", _scratch["key.pem"],
            ],
            new Dictionary<string, string> { ["CONSUL_HTTP_ADDR"] = $"{consul.Address}" });
        using Prometheus prometheus = new(
            _address,
            $"{{scheme: https, authorization: {{credentials: {Token} }}, tls_config: {{ca_file: '{_scratch["cert.pem"]}' }} }}");

        await prometheus.Api.QueryUntil("""tcp_connections{protocol="ipv4"}""", "190");
        await prometheus.Api.QueryUntil("up", "1");
        await prometheus.Api.QueryUntil("instance_watch:tcp_client_connections:ratio", "0.95");
        await prometheus.Api.AlertUntil("TcpClientNearLimit", "pending", "firing");
        await prometheus.Api.QueryUntil("""sockdiag_watch_success{watch="consul"}""", "1");
        await prometheus.Api.QueryUntil("""sockdiag_task_starts_total{task="endpoint"}""", "1");
        await prometheus.Api.QueryUntil("""histogram_quantile(1, rate(sockdiag_census_duration_seconds_bucket[10s])) > 0""", series => series.Length == 1);
        await prometheus.Api.QueryUntil("process_resident_memory_bytes > 0", series => series.Length == 1);
        foreach (string expression in Dashboard.ConnectionExpressions())
        {
            await prometheus.Api.QueryUntil(expression, series => series.Length > 0);
        }

        await opener.Kill();
        await prometheus.Api.QueryUntil("""tcp_connections{protocol="ipv4"}""", "0");
    }

    [Fact]
    public async Task Prometheus_with_a_wrong_token_gets_no_metrics()
    {
        await File.WriteAllTextAsync(_scratch["token"], Token, TestContext.Current.CancellationToken);
        using AgentProcess daemon = AgentProcess.Start(
            ["--netns", _namespace.Path, "--textfile-directory", "none", "--listen", _address, "--listen-token-file", _scratch["token"]]);
        await Poll.Until(() => daemon.Errors.Contains($"listening on http://{_address}"), "the agent listens");
        using Prometheus prometheus = new(_address, "{authorization: {credentials: another}}");
        await prometheus.Api.QueryUntil("up", "0");
        await prometheus.Api.QueryUntil("count(tcp_connections)", series => series.Length == 0);
    }

    private void MakeCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=agent", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder names = new();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(_scratch["cert.pem"], certificate.ExportCertificatePem());
        File.WriteAllText(_scratch["key.pem"], key.ExportPkcs8PrivateKeyPem());
    }
}
