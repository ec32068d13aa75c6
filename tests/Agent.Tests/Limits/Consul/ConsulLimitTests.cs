using System.Net;
using System.Net.Sockets;
using Agent.Limits;
using Agent.Limits.Consul;
using Testing;

namespace Agent.Tests.Limits.Consul;

public sealed class ConsulLimitTests : IDisposable
{
    private const string Secret = "5ecre7-70ken";

    private readonly Scratch _scratch = new();

    [Theory]
    [InlineData("200", 200)]
    [InlineData("1", 1)]
    [InlineData("2147483647", int.MaxValue)]
    public async Task Limit_is_the_one_that_Consul_reports(string said, int limit)
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Ok(FakeConsul.Self(said)) };
        Assert.Equal(
            new ClientLimit(limit, $"consul at http://127.0.0.1:{consul.Port}") { Refusal = Refusal.No }, await Ask(Endpoint(consul)));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("-200")]
    [InlineData("-9223372036854775808")]
    // More than a client can open.
    [InlineData("2147483648")]
    [InlineData("9223372036854775807")]
    public async Task Zero_negative_and_huge_numbers_mean_no_limit(string said)
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Ok(FakeConsul.Self(said)) };
        ClientLimit limit = await Ask(Endpoint(consul));
        Assert.Equal(new ClientLimit(null, $"consul at http://127.0.0.1:{consul.Port}") { Refusal = Refusal.No }, limit);
        Assert.Equal("none", limit.Text);
    }

    [Fact]
    public async Task Answer_429_is_a_refusal_with_an_unknown_limit()
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Status("429 Too Many Requests", "Your IP is issuing too many concurrent connections\n") };
        ClientLimit limit = await Ask(Endpoint(consul) with { Token = Secret });
        Assert.Equal((null, true, Refusal.Yes, "unknown"), (limit.Value, limit.IsUnknown, limit.Refusal, limit.Text));
        Assert.Equal(
            $"consul at http://127.0.0.1:{consul.Port} answers 429: this address is at the limit, and its further connections are refused; "
                + "close connections that are not needed",
            limit.Problem);
    }

    [Fact]
    public async Task Connection_is_closed_right_after_the_answer()
    {
        await using FakeConsul consul = new();
        for (int asked = 1; asked <= 3; asked++)
        {
            await Ask(Endpoint(consul));
            await Poll.Until(() => consul.ClosedByClient == asked, "the client closes, not the server");
        }

        Assert.All(consul.Requests, request => Assert.Contains("\r\nConnection: close\r\n", request));
    }

    [Fact]
    public async Task Request_has_only_the_necessary_headers()
    {
        await using FakeConsul consul = new();
        await Ask(Endpoint(consul));
        Assert.Equal(
            $"GET /v1/agent/self HTTP/1.1\r\nHost: 127.0.0.1:{consul.Port}\r\nConnection: close\r\n\r\n",
            Assert.Single(consul.Requests));
    }

    [Fact]
    public async Task Path_prefix_of_a_reverse_proxy_is_kept()
    {
        await using FakeConsul consul = new();
        ConsulEndpoint endpoint = Endpoint(consul) with { Address = new Uri(consul.Address, "/consul/") };
        Assert.Equal($"consul at http://127.0.0.1:{consul.Port}/consul", (await Ask(endpoint)).Source);
        Assert.StartsWith("GET /consul/v1/agent/self HTTP/1.1\r\n", Assert.Single(consul.Requests));
    }

    [Fact]
    public async Task Token_file_takes_precedence_and_is_read_for_each_question()
    {
        await using FakeConsul consul = new();
        ConsulEndpoint endpoint = Endpoint(consul) with { Token = Secret, TokenFile = _scratch["token"] };
        foreach ((string inFile, string sent) in new[] { ("first\n", "first"), ("  second", "second"), ("\n", Secret) })
        {
            await File.WriteAllTextAsync(_scratch["token"], inFile, TestContext.Current.CancellationToken);
            await Ask(endpoint);
            Assert.Contains($"\r\nX-Consul-Token: {sent}\r\n", consul.Requests[^1]);
        }
    }

    [Fact]
    public async Task Missing_token_file_is_an_error_and_Consul_is_not_asked()
    {
        await using FakeConsul consul = new();
        string reason = await Failure(Endpoint(consul) with { Token = Secret, TokenFile = _scratch["token"] });
        Assert.StartsWith($"cannot read the token file {_scratch["token"]}: ", reason);
        Assert.Empty(consul.Requests);
    }

    [Fact]
    public async Task Token_file_that_is_a_pipe_is_rejected_without_waiting()
    {
        await using FakeConsul consul = new();
        Assert.Equal(0, (await Tool.Run("mkfifo", [_scratch["token"]])).ExitCode);
        Assert.Equal(
            $"cannot read the token file {_scratch["token"]}: it is a pipe and not a regular file",
            await Failure(Endpoint(consul) with { TokenFile = _scratch["token"] }, Refusal.Unknown));
        Assert.Empty(consul.Requests);
    }

    [Theory]
    [InlineData("two words")]
    [InlineData("line\r\nX-Injected: 1")]
    [InlineData("schlüssel")]
    public async Task Malformed_token_is_neither_sent_nor_shown(string token)
    {
        await using FakeConsul consul = new();
        Assert.Equal(
            "the token in CONSUL_HTTP_TOKEN has characters that a token cannot have; use only the token's SecretID",
            await Failure(Endpoint(consul) with { Token = token }));
        await File.WriteAllTextAsync(_scratch["token"], token, TestContext.Current.CancellationToken);
        Assert.StartsWith(
            $"the token in {_scratch["token"]} has characters",
            await Failure(Endpoint(consul) with { Token = Secret, TokenFile = _scratch["token"] }));
        Assert.Empty(consul.Requests);
    }

    [Theory]
    [InlineData("403 Forbidden", null,
        "requires a token (403); set one whose policy has agent:read with tokenFile, CONSUL_HTTP_TOKEN or CONSUL_HTTP_TOKEN_FILE")]
    [InlineData("403 Forbidden", Secret, "does not accept the token (403); check that it exists and that its policy has agent:read")]
    [InlineData("400 Bad Request", Secret, "answers 400; if this is its HTTPS port, write https://")]
    [InlineData("404 Not Found", Secret, "answers 404 instead of 200; check the address, and Consul's log")]
    [InlineData("500 Internal Server Error", Secret, "answers 500 instead of 200; check the address, and Consul's log")]
    public async Task Error_status_is_one_line_with_advice(string status, string? token, string reason)
    {
        // The body could contain the token, so it is not shown.
        await using FakeConsul consul = new() { Reply = FakeConsul.Status(status, $"no, {Secret}\r\n") };
        Assert.Equal(
            $"consul at http://127.0.0.1:{consul.Port} {reason}", await Failure(Endpoint(consul) with { Token = token }, Refusal.No));
    }

    [Fact]
    public async Task Redirect_is_not_followed()
    {
        await using FakeConsul elsewhere = new();
        await using FakeConsul consul = new()
        {
            Reply = $"HTTP/1.1 302 Found\r\nLocation: {elsewhere.Address}/\r\nContent-Length: 0\r\n\r\n",
        };
        Assert.Contains(" answers 302 instead of 200", await Failure(Endpoint(consul) with { Token = Secret }));
        Assert.Empty(elsewhere.Requests);
    }

    [Fact]
    public async Task Answer_429_without_reading_the_request_is_a_refusal()
    {
        await using FakeConsul consul = new()
        {
            Reply = "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
                + "Your IP is issuing too many concurrent connections, please rate limit your calls\n",
            Reads = false,
            HangsUp = true,
        };

        // The agent sees the answer or the reset, whichever comes first. Both point to the limit.
        try
        {
            Assert.Equal(Refusal.Yes, (await Ask(Endpoint(consul))).Refusal);
        }
        catch (LimitUnknownException reset)
        {
            Assert.Equal(Refusal.Unknown, reset.Refusal);
            Assert.Contains("it is full, or this is not Consul's port", reset.Message);
        }
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("200")]
    [InlineData("""{"DebugConfig":null}""")]
    [InlineData("""{"DebugConfig":{"HTTPPort":8500}}""")]
    [InlineData("""{"HTTPMaxConnsPerClient":200}""")]
    public async Task Answer_without_the_limit_is_an_error(string body)
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Ok(body) };
        Assert.EndsWith(
            " answers without DebugConfig.HTTPMaxConnsPerClient: it is not Consul, or its version has no such limit; "
            + "check the address, or set the limit in the agent's configuration",
            await Failure(Endpoint(consul)));
    }

    [Theory]
    [InlineData("200.5", "200.5")]
    [InlineData("9223372036854775808", "9223372036854775808")]
    [InlineData("true", "true")]
    [InlineData("\"200\"", "\"200\"")]
    [InlineData("null", "null")]
    [InlineData("[1111111111,1111111111,1111111111,1111111111]", "[1111111111,1111111111,1111111111,111111…")]
    public async Task Malformed_limit_is_shown_and_rejected(string said, string shown)
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Ok(FakeConsul.Self(said)) };
        Assert.EndsWith(
            $" answers with a DebugConfig.HTTPMaxConnsPerClient that is not a whole number, {shown}; set the limit in the agent's configuration",
            await Failure(Endpoint(consul), Refusal.No));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>hello</html>")]
    [InlineData("{\"DebugConfig\":{\"HTTPMaxConnsPerClient\":200}")]
    public async Task Answer_that_is_not_JSON_is_an_error(string body)
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Ok(body) };
        Assert.EndsWith(" answers with something that is not JSON; it is not Consul: check the address", await Failure(Endpoint(consul)));
    }

    [Fact]
    public async Task Answer_that_is_not_HTTP_is_an_error()
    {
        await using FakeConsul consul = new() { Reply = "220 mail.example ESMTP\r\n", Reads = true, HangsUp = true };
        Assert.EndsWith(
            " answers with something that is not HTTP; it is not Consul, or it is its HTTPS port: check the address", await Failure(Endpoint(consul)));
    }

    [Theory]
    [InlineData(true, "")]
    [InlineData(false, "")]
    [InlineData(true, "HTTP/1.1 200 OK\r\nContent-Le")]
    public async Task Connection_closed_without_an_answer_leaves_the_refusal_unknown(bool reads, string reply)
    {
        await using FakeConsul consul = new() { Reads = reads, Reply = reply, HangsUp = true };
        Assert.EndsWith(
            " closed the connection without an answer: it is full, or this is not Consul's port", await Failure(Endpoint(consul), Refusal.Unknown));
    }

    [Fact]
    public async Task Truncated_answer_is_an_error()
    {
        await using FakeConsul consul = new()
        {
            Reply = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"DebugConfig\":",
            HangsUp = true,
        };
        Assert.Contains(" closed the connection in the middle of its answer (", await Failure(Endpoint(consul), Refusal.No));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Too_long_answer_is_not_read_to_its_end(bool isAnnounced)
    {
        string body = FakeConsul.Self("200") + new string(' ', 3 << 20);
        await using FakeConsul consul = new() { Reply = isAnnounced ? FakeConsul.Ok(body) : $"HTTP/1.1 200 OK\r\n\r\n{body}", HangsUp = true };
        Assert.EndsWith(" sends a longer answer than Consul does; it is not Consul: check the address", await Failure(Endpoint(consul)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"DebugConfig\":")]
    public async Task Consul_that_hangs_is_an_error_after_the_timeout(string reply)
    {
        await using FakeConsul consul = new() { Reply = reply };
        ManualTime time = new();
        Task<ClientLimit> asking = Ask(new ConsulEndpoint(consul.Address), time);
        await Poll.Until(() => consul.Requests.Count == 1, "it is asked");
        Assert.Equal(ConsulEndpoint.DefaultTimeout, time.UntilNext);
        time.Leap(ConsulEndpoint.DefaultTimeout);
        Assert.Equal(
            $"consul at http://127.0.0.1:{consul.Port} gave no answer within 2 s; check that it is healthy, and that no firewall blocks the connection",
            (await Assert.ThrowsAsync<LimitUnknownException>(() => asking)).Message);
        await Poll.Until(() => consul.ClosedByClient == 1, "the slot is free again");
        Assert.Null(time.UntilNext);
    }

    [Fact]
    public async Task Question_can_be_cancelled()
    {
        await using FakeConsul consul = new() { Reply = "" };
        using CancellationTokenSource stopping = new();
        Task<ClientLimit> asking = new ConsulLimit(Endpoint(consul), TimeProvider.System).AskAsync(stopping.Token);
        await Poll.Until(() => consul.Requests.Count == 1, "it is asked");
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await Poll.Until(() => consul.ClosedByClient == 1, "the slot is free again");
    }

    [Fact]
    public async Task Refused_connection_is_an_error()
    {
        using Socket taken = new(SocketType.Stream, ProtocolType.Tcp);
        // Bound and not listening, so that no other program can listen here.
        taken.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        Assert.Equal(
            $"consul at http://127.0.0.1:{port} refuses the connection; check that it runs and listens there",
            await Failure(new ConsulEndpoint(new Uri($"http://127.0.0.1:{port}")) { Timeout = Poll.Timeout }, Refusal.Unknown));
    }

    [Fact]
    public async Task Name_without_an_address_is_an_error()
    {
        // RFC 6761 reserves it: it never has an address.
        string reason = await Failure(new ConsulEndpoint(new Uri("http://consul.invalid:8500")) { Timeout = Poll.Timeout });
        Assert.StartsWith("consul at http://consul.invalid:8500 is not found: its name has no address (", reason);
    }

    public void Dispose() => _scratch.Dispose();

    private static ConsulEndpoint Endpoint(FakeConsul consul) => new(consul.Address) { Timeout = Poll.Timeout };

    private static Task<ClientLimit> Ask(ConsulEndpoint endpoint, TimeProvider? time = null) =>
        new ConsulLimit(endpoint, time ?? TimeProvider.System).AskAsync(TestContext.Current.CancellationToken);

    private static async Task<string> Failure(ConsulEndpoint endpoint, Refusal? refusal = null)
    {
        LimitUnknownException failure = await Assert.ThrowsAsync<LimitUnknownException>(() => Ask(endpoint));
        Assert.Equal(refusal ?? failure.Refusal, failure.Refusal);
        Assert.DoesNotContain('\n', failure.Message);
        Assert.DoesNotContain(Secret, failure.Message);
        return failure.Message;
    }
}
