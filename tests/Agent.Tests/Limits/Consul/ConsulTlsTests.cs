using System.Net.Security;
using Agent.Limits;
using Agent.Limits.Consul;
using Testing;

namespace Agent.Tests.Limits.Consul;

/// <summary>The question over TLS, with certificates that the test creates.</summary>
public sealed class ConsulTlsTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestAuthority _authority;

    public ConsulTlsTests() => _authority = new TestAuthority(_scratch, "ca");

    [Fact]
    public async Task Certificate_signed_by_the_CA_file_is_trusted()
    {
        await using FakeConsul consul = Consul("127.0.0.1");
        Assert.Equal(
            new ClientLimit(200, $"consul at https://127.0.0.1:{consul.Port}") { Refusal = Refusal.No }, await Ask(Endpoint(consul)));
        await Poll.Until(() => consul.ClosedByClient == 1, "the slot is free again");
    }

    [Fact]
    public async Task CA_file_is_read_for_each_question()
    {
        await using FakeConsul consul = Consul("127.0.0.1");
        ConsulEndpoint endpoint = Endpoint(consul);
        string authority = await File.ReadAllTextAsync(_authority.CaFile, TestContext.Current.CancellationToken);
        using TestAuthority other = new(_scratch, "other");
        File.Copy(other.CaFile, _authority.CaFile, overwrite: true);
        await Failure(endpoint);
        await File.AppendAllTextAsync(_authority.CaFile, authority, TestContext.Current.CancellationToken);
        await Ask(endpoint);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Certificate_of_an_unknown_CA_is_not_trusted(bool hasCaFile)
    {
        using TestAuthority other = new(_scratch, "other");
        await using FakeConsul consul = Consul("127.0.0.1");
        string reason = await Failure(Endpoint(consul) with { Token = "t", CaFile = hasCaFile ? other.CaFile : null });
        Assert.StartsWith($"consul at https://127.0.0.1:{consul.Port} has a certificate that is not trusted (", reason);
        Assert.EndsWith("); set caFile or CONSUL_CACERT to the certificate of the CA that signed it", reason);
        Assert.Empty(consul.Requests);
    }

    [Fact]
    public async Task Expired_certificate_is_not_trusted()
    {
        await using FakeConsul consul = Consul("127.0.0.1", validDays: -1);
        Assert.EndsWith(
            " has a certificate that is not trusted (NotTimeValid); renew it, or correct the clock",
            await Failure(Endpoint(consul)));
    }

    [Fact]
    public async Task Certificate_for_another_name_is_trusted_only_with_that_server_name()
    {
        await using FakeConsul consul = Consul("server.dc1.consul");
        Assert.EndsWith(
            " has a certificate for another name than 127.0.0.1; set CONSUL_TLS_SERVER_NAME to a name in the certificate",
            await Failure(Endpoint(consul)));
        Assert.Equal(200, (await Ask(Endpoint(consul) with { ServerName = "server.dc1.consul" })).Value);
        // The server name decides about trust only. The request keeps its host.
        Assert.Contains($"\r\nHost: 127.0.0.1:{consul.Port}\r\n", Assert.Single(consul.Requests));
    }

    [Fact]
    public async Task Every_certificate_is_trusted_without_verification()
    {
        await using FakeConsul consul = Consul("server.dc1.consul", validDays: -1);
        Assert.Equal(200, (await Ask(Endpoint(consul) with { CaFile = null, VerifiesCertificate = false })).Value);
    }

    [Fact]
    public async Task Client_certificate_is_sent_if_required()
    {
        (string certificate, string key) = _authority.Client("agent");
        await using FakeConsul consul = Consul("127.0.0.1", requiresCertificate: true);
        Assert.Equal(200, (await Ask(Endpoint(consul) with { CertificateFile = certificate, KeyFile = key })).Value);
    }

    [Fact]
    public async Task Missing_client_certificate_is_an_error()
    {
        await using FakeConsul consul = Consul("127.0.0.1", requiresCertificate: true);
        Assert.EndsWith(" requires a client certificate (CONSUL_CLIENT_CERT)", await Failure(Endpoint(consul)));
        Assert.Empty(consul.Requests);
    }

    [Fact]
    public async Task Unusable_files_are_named()
    {
        (string certificate, string key) = _authority.Client("agent");
        (string _, string otherKey) = _authority.Client("other");
        await using FakeConsul consul = Consul("127.0.0.1");
        ConsulEndpoint endpoint = Endpoint(consul);
        Assert.StartsWith($"cannot load the CA file {_scratch["none"]}: ", await Failure(endpoint with { CaFile = _scratch["none"] }));
        Assert.Equal(
            $"the CA file {key} contains no certificate in PEM; use the one that signed Consul's",
            await Failure(endpoint with { CaFile = key }));
        (string, string)[] wrong = [(_scratch["none"], key), (certificate, _scratch["none"]), (certificate, otherKey), (key, certificate)];
        foreach ((string first, string second) in wrong)
        {
            Assert.StartsWith(
                $"cannot load the client certificate {first} with the key {second}: ",
                await Failure(endpoint with { CertificateFile = first, KeyFile = second }));
        }
    }

    [Fact]
    public async Task Files_that_are_pipes_are_rejected_without_waiting()
    {
        (string certificate, string key) = _authority.Client("agent");
        await using FakeConsul consul = Consul("127.0.0.1");
        ConsulEndpoint endpoint = Endpoint(consul);
        string pipe = _scratch["pipe"];
        Assert.Equal(0, (await Tool.Run("mkfifo", [pipe])).ExitCode);
        ConsulEndpoint[] endpoints =
        [
            endpoint with { CaFile = pipe },
            endpoint with { CertificateFile = pipe, KeyFile = key },
            endpoint with { CertificateFile = certificate, KeyFile = pipe },
        ];
        foreach (ConsulEndpoint withPipe in endpoints)
        {
            Assert.EndsWith(": it is a pipe and not a regular file", await Failure(withPipe));
        }
    }

    [Fact]
    public async Task Https_to_an_http_port_is_an_error()
    {
        await using FakeConsul consul = new() { Reads = false, Reply = "HTTP/1.1 400 Bad Request\r\n\r\n" };
        string reason = await Failure(new ConsulEndpoint(new Uri($"https://127.0.0.1:{consul.Port}")) { Timeout = Poll.Timeout });
        Assert.StartsWith($"consul at https://127.0.0.1:{consul.Port} and the agent cannot agree on TLS (", reason);
        Assert.EndsWith("); check that this is its HTTPS port, and whether it requires a client certificate (CONSUL_CLIENT_CERT)", reason);
    }

    [Fact]
    public async Task Handshake_closed_without_an_answer_leaves_the_refusal_unknown()
    {
        await using FakeConsul consul = new() { Reads = false, Reply = "", HangsUp = true };
        ConsulEndpoint endpoint = new(new Uri($"https://127.0.0.1:{consul.Port}")) { Timeout = Poll.Timeout };
        LimitUnknownException failure = await Assert.ThrowsAsync<LimitUnknownException>(() => Ask(endpoint));
        Assert.Equal(
            $"consul at https://127.0.0.1:{consul.Port} closed the connection without an answer: it is full, or this is not Consul's port, "
                + "or it requires a client certificate (CONSUL_CLIENT_CERT)",
            failure.Message);
        Assert.Equal(Refusal.Unknown, failure.Refusal);
    }

    [Fact]
    public async Task Handshake_that_hangs_is_an_error_after_the_timeout()
    {
        await using FakeConsul consul = new() { Reads = false, Reply = "" };
        ManualTime time = new();
        Task<ClientLimit> asking = new ConsulLimit(new ConsulEndpoint(new Uri($"https://127.0.0.1:{consul.Port}")), time)
            .AskAsync(TestContext.Current.CancellationToken);
        time.Leap(ConsulEndpoint.DefaultTimeout);
        Assert.Contains(" gave no answer within 2 s;", (await Assert.ThrowsAsync<LimitUnknownException>(() => asking)).Message);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _scratch.Dispose();
    }

    private FakeConsul Consul(string subject, int validDays = 5, bool requiresCertificate = false) => new()
    {
        Tls = new SslServerAuthenticationOptions
        {
            ServerCertificate = _authority.Server(subject, validDays),
            ClientCertificateRequired = requiresCertificate,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => !requiresCertificate || _authority.Signed(certificate),
        },
    };

    private ConsulEndpoint Endpoint(FakeConsul consul) => new(consul.Address) { CaFile = _authority.CaFile, Timeout = Poll.Timeout };

    private static Task<ClientLimit> Ask(ConsulEndpoint endpoint) =>
        new ConsulLimit(endpoint, TimeProvider.System).AskAsync(TestContext.Current.CancellationToken);

    private static async Task<string> Failure(ConsulEndpoint endpoint)
    {
        string reason = (await Assert.ThrowsAsync<LimitUnknownException>(() => Ask(endpoint))).Message;
        Assert.DoesNotContain('\n', reason);
        return reason;
    }
}
