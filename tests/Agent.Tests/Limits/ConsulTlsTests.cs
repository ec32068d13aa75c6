using System.Net.Security;
using Agent.Limits;
using Testing;

namespace Agent.Tests.Limits;

/// <summary>The question over TLS, with certificates that the test makes.</summary>
public sealed class ConsulTlsTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestAuthority _authority;

    public ConsulTlsTests() => _authority = new TestAuthority(_scratch, "ca");

    [Fact]
    public async Task A_certificate_that_the_CA_file_vouches_for_is_trusted()
    {
        await using FakeConsul consul = Consul("127.0.0.1");
        Assert.Equal(
            new ClientLimit(200, $"consul at https://127.0.0.1:{consul.Port}") { Refusal = Refusal.No }, await Ask(Endpoint(consul)));
        await Poll.Until(() => consul.ClosedByClient == 1, "the slot is given back");
    }

    [Fact]
    public async Task The_CA_file_is_read_anew_each_time()
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
    public async Task A_certificate_that_nobody_vouches_for_is_not_trusted(bool hasCaFile)
    {
        using TestAuthority other = new(_scratch, "other");
        await using FakeConsul consul = Consul("127.0.0.1");
        string reason = await Failure(Endpoint(consul) with { Token = "t", CaFile = hasCaFile ? other.CaFile : null });
        Assert.StartsWith($"consul at https://127.0.0.1:{consul.Port} shows a certificate that is not trusted (", reason);
        Assert.EndsWith("); give the file of the CA that signed it as caFile or CONSUL_CACERT", reason);
        Assert.Empty(consul.Requests);
    }

    [Fact]
    public async Task A_certificate_that_has_expired_is_not_trusted()
    {
        await using FakeConsul consul = Consul("127.0.0.1", validDays: -1);
        Assert.EndsWith(
            " shows a certificate that is not trusted (NotTimeValid); renew it, or set the clock",
            await Failure(Endpoint(consul)));
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_not_trusted_unless_that_name_is_given()
    {
        await using FakeConsul consul = Consul("server.dc1.consul");
        Assert.EndsWith(
            " shows a certificate that is not for 127.0.0.1; give the name that it is for as CONSUL_TLS_SERVER_NAME",
            await Failure(Endpoint(consul)));
        Assert.Equal(200, (await Ask(Endpoint(consul) with { ServerName = "server.dc1.consul" })).Value);
        // The name decides whom to trust, and not what is asked for.
        Assert.Contains($"\r\nHost: 127.0.0.1:{consul.Port}\r\n", Assert.Single(consul.Requests));
    }

    [Fact]
    public async Task Anybody_is_trusted_where_verifying_is_switched_off()
    {
        await using FakeConsul consul = Consul("server.dc1.consul", validDays: -1);
        Assert.Equal(200, (await Ask(Endpoint(consul) with { CaFile = null, VerifiesCertificate = false })).Value);
    }

    [Fact]
    public async Task The_client_certificate_is_shown_where_it_is_wanted()
    {
        (string certificate, string key) = _authority.Client("agent");
        await using FakeConsul consul = Consul("127.0.0.1", wantsCertificate: true);
        Assert.Equal(200, (await Ask(Endpoint(consul) with { CertificateFile = certificate, KeyFile = key })).Value);
    }

    [Fact]
    public async Task Without_the_client_certificate_that_is_wanted_there_is_no_answer()
    {
        await using FakeConsul consul = Consul("127.0.0.1", wantsCertificate: true);
        Assert.EndsWith(" wants a client certificate (CONSUL_CLIENT_CERT)", await Failure(Endpoint(consul)));
        Assert.Empty(consul.Requests);
    }

    [Fact]
    public async Task Files_that_cannot_be_used_are_named()
    {
        (string certificate, string key) = _authority.Client("agent");
        (string _, string otherKey) = _authority.Client("other");
        await using FakeConsul consul = Consul("127.0.0.1");
        ConsulEndpoint endpoint = Endpoint(consul);
        Assert.StartsWith($"cannot load the CA file {_scratch["none"]}: ", await Failure(endpoint with { CaFile = _scratch["none"] }));
        Assert.Equal(
            $"the CA file {key} holds no certificate in PEM; give the one that signed Consul's",
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
    public async Task Files_that_are_pipes_are_not_waited_for()
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
    public async Task Https_to_a_port_that_speaks_http_is_told()
    {
        await using FakeConsul consul = new() { Reads = false, Reply = "HTTP/1.1 400 Bad Request\r\n\r\n" };
        string reason = await Failure(new ConsulEndpoint(new Uri($"https://127.0.0.1:{consul.Port}")) { Timeout = Poll.Patience });
        Assert.StartsWith($"consul at https://127.0.0.1:{consul.Port} and the agent cannot agree on TLS (", reason);
        Assert.EndsWith("); check that this is its HTTPS port, and whether it wants a client certificate (CONSUL_CLIENT_CERT)", reason);
    }

    [Fact]
    public async Task A_handshake_that_is_closed_without_an_answer_may_be_refused()
    {
        await using FakeConsul consul = new() { Reads = false, Reply = "", HangsUp = true };
        ConsulEndpoint endpoint = new(new Uri($"https://127.0.0.1:{consul.Port}")) { Timeout = Poll.Patience };
        LimitUnknownException failure = await Assert.ThrowsAsync<LimitUnknownException>(() => Ask(endpoint));
        Assert.Equal(
            $"consul at https://127.0.0.1:{consul.Port} closed the connection without an answer: it is full, or this is not Consul's port, "
                + "or it wants a client certificate (CONSUL_CLIENT_CERT)",
            failure.Message);
        Assert.Equal(Refusal.Unknown, failure.Refusal);
    }

    [Fact]
    public async Task A_handshake_that_hangs_is_given_up_after_the_time_out()
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

    private FakeConsul Consul(string subject, int validDays = 5, bool wantsCertificate = false) => new()
    {
        Tls = new SslServerAuthenticationOptions
        {
            ServerCertificate = _authority.Server(subject, validDays),
            ClientCertificateRequired = wantsCertificate,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => !wantsCertificate || _authority.Signed(certificate),
        },
    };

    private ConsulEndpoint Endpoint(FakeConsul consul) => new(consul.Address) { CaFile = _authority.CaFile, Timeout = Poll.Patience };

    private static Task<ClientLimit> Ask(ConsulEndpoint endpoint) =>
        new ConsulLimit(endpoint, TimeProvider.System).AskAsync(TestContext.Current.CancellationToken);

    private static async Task<string> Failure(ConsulEndpoint endpoint)
    {
        string reason = (await Assert.ThrowsAsync<LimitUnknownException>(() => Ask(endpoint))).Message;
        Assert.DoesNotContain('\n', reason);
        return reason;
    }
}
