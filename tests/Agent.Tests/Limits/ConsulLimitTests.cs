using System.Net;
using System.Net.Sockets;
using Agent.Limits;
using Testing;

namespace Agent.Tests.Limits;

public sealed class ConsulLimitTests : IDisposable
{
    private const string Secret = "5ecre7-70ken";

    private readonly Scratch _scratch = new();

    [Theory]
    [InlineData("200", 200)]
    [InlineData("1", 1)]
    [InlineData("2147483647", int.MaxValue)]
    public async Task The_limit_is_what_Consul_says(string said, int limit)
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
    // More than any client can open.
    [InlineData("2147483648")]
    [InlineData("9223372036854775807")]
    public async Task Zero_and_below_and_what_cannot_be_reached_is_no_limit(string said)
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Ok(FakeConsul.Self(said)) };
        ClientLimit limit = await Ask(Endpoint(consul));
        Assert.Equal(new ClientLimit(null, $"consul at http://127.0.0.1:{consul.Port}") { Refusal = Refusal.No }, limit);
        Assert.Equal("none", limit.Text);
    }

    [Fact]
    public async Task A_429_is_an_answer()
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
    public async Task The_connection_is_closed_as_soon_as_the_answer_is_there()
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
    public async Task The_question_is_as_plain_as_can_be()
    {
        await using FakeConsul consul = new();
        await Ask(Endpoint(consul));
        Assert.Equal(
            $"GET /v1/agent/self HTTP/1.1\r\nHost: 127.0.0.1:{consul.Port}\r\nConnection: close\r\n\r\n",
            Assert.Single(consul.Requests));
    }

    [Fact]
    public async Task A_reverse_proxys_prefix_stays_before_the_path()
    {
        await using FakeConsul consul = new();
        ConsulEndpoint endpoint = Endpoint(consul) with { Address = new Uri(consul.Address, "/consul/") };
        Assert.Equal($"consul at http://127.0.0.1:{consul.Port}/consul", (await Ask(endpoint)).Source);
        Assert.StartsWith("GET /consul/v1/agent/self HTTP/1.1\r\n", Assert.Single(consul.Requests));
    }

    [Fact]
    public async Task The_token_file_comes_before_the_token_and_is_read_anew_each_time()
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
    public async Task A_token_file_that_is_not_there_is_told_and_Consul_not_asked()
    {
        await using FakeConsul consul = new();
        string reason = await Failure(Endpoint(consul) with { Token = Secret, TokenFile = _scratch["token"] });
        Assert.StartsWith($"cannot read the token file {_scratch["token"]}: ", reason);
        Assert.Empty(consul.Requests);
    }

    [Fact]
    public async Task A_token_file_that_is_a_pipe_is_not_waited_for()
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
    public async Task A_token_that_can_be_none_is_not_sent_and_not_shown(string token)
    {
        await using FakeConsul consul = new();
        Assert.Equal(
            "the token of CONSUL_HTTP_TOKEN has characters that no token has; give the token's SecretID alone",
            await Failure(Endpoint(consul) with { Token = token }));
        await File.WriteAllTextAsync(_scratch["token"], token, TestContext.Current.CancellationToken);
        Assert.StartsWith(
            $"the token of {_scratch["token"]} has characters",
            await Failure(Endpoint(consul) with { Token = Secret, TokenFile = _scratch["token"] }));
        Assert.Empty(consul.Requests);
    }

    [Theory]
    [InlineData("403 Forbidden", null,
        "wants a token (403); give one whose policy has agent:read, as tokenFile, CONSUL_HTTP_TOKEN or CONSUL_HTTP_TOKEN_FILE")]
    [InlineData("403 Forbidden", Secret, "does not accept the token (403); check that it exists and that its policy has agent:read")]
    [InlineData("400 Bad Request", Secret, "answers 400; if this is its HTTPS port, write https://")]
    [InlineData("404 Not Found", Secret, "answers 404 where 200 is expected; check the address, and Consul's log")]
    [InlineData("500 Internal Server Error", Secret, "answers 500 where 200 is expected; check the address, and Consul's log")]
    public async Task Each_refusal_has_a_line_of_its_own(string status, string? token, string reason)
    {
        // What Consul writes beside the status could hold the token, and is not shown.
        await using FakeConsul consul = new() { Reply = FakeConsul.Status(status, $"no, {Secret}\r\n") };
        Assert.Equal(
            $"consul at http://127.0.0.1:{consul.Port} {reason}", await Failure(Endpoint(consul) with { Token = token }, Refusal.No));
    }

    [Fact]
    public async Task A_redirect_is_not_followed_for_the_token_would_go_along()
    {
        await using FakeConsul elsewhere = new();
        await using FakeConsul consul = new()
        {
            Reply = $"HTTP/1.1 302 Found\r\nLocation: {elsewhere.Address}/\r\nContent-Length: 0\r\n\r\n",
        };
        Assert.Contains(" answers 302 where 200 is expected", await Failure(Endpoint(consul) with { Token = Secret }));
        Assert.Empty(elsewhere.Requests);
    }

    [Fact]
    public async Task A_429_is_seen_though_Consul_reads_no_request_and_hangs_up()
    {
        await using FakeConsul consul = new()
        {
            Reply = "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
                + "Your IP is issuing too many concurrent connections, please rate limit your calls\n",
            Reads = false,
            HangsUp = true,
        };

        // Whether the answer or the reset is seen is a matter of which comes first; both are a sign of the limit.
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
    public async Task An_answer_without_the_limit_is_none(string body)
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Ok(body) };
        Assert.EndsWith(
            " answers without DebugConfig.HTTPMaxConnsPerClient: it is not Consul, or one from before that limit; "
            + "check the address, or give the limit yourself",
            await Failure(Endpoint(consul)));
    }

    [Theory]
    [InlineData("200.5", "200.5")]
    [InlineData("9223372036854775808", "9223372036854775808")]
    [InlineData("true", "true")]
    [InlineData("\"200\"", "\"200\"")]
    [InlineData("null", "null")]
    [InlineData("[1111111111,1111111111,1111111111,1111111111]", "[1111111111,1111111111,1111111111,111111…")]
    public async Task A_limit_that_can_be_none_is_shown_and_not_taken(string said, string shown)
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Ok(FakeConsul.Self(said)) };
        Assert.EndsWith(
            $" answers with a DebugConfig.HTTPMaxConnsPerClient that is not a whole number, {shown}; give the limit yourself",
            await Failure(Endpoint(consul), Refusal.No));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>hello</html>")]
    [InlineData("{\"DebugConfig\":{\"HTTPMaxConnsPerClient\":200}")]
    public async Task Something_else_than_JSON_is_no_answer(string body)
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Ok(body) };
        Assert.EndsWith(" answers with something else than JSON: it is not Consul; check the address", await Failure(Endpoint(consul)));
    }

    [Fact]
    public async Task Something_else_than_HTTP_is_no_answer()
    {
        await using FakeConsul consul = new() { Reply = "220 mail.example ESMTP\r\n", Reads = true, HangsUp = true };
        Assert.EndsWith(
            " answers with something else than HTTP; it is not Consul, or its HTTPS port: check the address", await Failure(Endpoint(consul)));
    }

    [Theory]
    [InlineData(true, "")]
    [InlineData(false, "")]
    [InlineData(true, "HTTP/1.1 200 OK\r\nContent-Le")]
    public async Task A_connection_that_is_closed_without_an_answer_may_be_refused(bool reads, string reply)
    {
        await using FakeConsul consul = new() { Reads = reads, Reply = reply, HangsUp = true };
        Assert.EndsWith(
            " closed the connection without an answer: it is full, or this is not Consul's port", await Failure(Endpoint(consul), Refusal.Unknown));
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_none()
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
    public async Task An_answer_without_measure_is_not_read_to_its_end(bool isAnnounced)
    {
        string body = FakeConsul.Self("200") + new string(' ', 3 << 20);
        await using FakeConsul consul = new() { Reply = isAnnounced ? FakeConsul.Ok(body) : $"HTTP/1.1 200 OK\r\n\r\n{body}", HangsUp = true };
        Assert.EndsWith(" answers with more than Consul ever would; it is not Consul, check the address", await Failure(Endpoint(consul)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"DebugConfig\":")]
    public async Task One_that_hangs_is_given_up_after_the_time_out(string reply)
    {
        await using FakeConsul consul = new() { Reply = reply };
        ManualTime time = new();
        Task<ClientLimit> asking = Ask(new ConsulEndpoint(consul.Address), time);
        await Poll.Until(() => consul.Requests.Count == 1, "it is asked");
        Assert.Equal(ConsulEndpoint.DefaultTimeout, time.UntilNext);
        time.Leap(ConsulEndpoint.DefaultTimeout);
        Assert.Equal(
            $"consul at http://127.0.0.1:{consul.Port} gave no answer within 2 s; check that it is well, and that no firewall is in between",
            (await Assert.ThrowsAsync<LimitUnknownException>(() => asking)).Message);
        await Poll.Until(() => consul.ClosedByClient == 1, "the slot is given back");
        Assert.Null(time.UntilNext);
    }

    [Fact]
    public async Task Whoever_asks_may_cancel_at_any_time()
    {
        await using FakeConsul consul = new() { Reply = "" };
        using CancellationTokenSource stopping = new();
        Task<ClientLimit> asking = new ConsulLimit(Endpoint(consul), TimeProvider.System).AskAsync(stopping.Token);
        await Poll.Until(() => consul.Requests.Count == 1, "it is asked");
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await Poll.Until(() => consul.ClosedByClient == 1, "the slot is given back");
    }

    [Fact]
    public async Task Nobody_there_is_told()
    {
        using Socket taken = new(SocketType.Stream, ProtocolType.Tcp);
        // Bound and not listening: nobody else can come to listen here.
        taken.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        Assert.Equal(
            $"consul at http://127.0.0.1:{port} refuses the connection; check that it runs and listens there",
            await Failure(new ConsulEndpoint(new Uri($"http://127.0.0.1:{port}")) { Timeout = Poll.Patience }, Refusal.Unknown));
    }

    [Fact]
    public async Task A_name_without_an_address_is_told()
    {
        // RFC 6761: nobody has it.
        string reason = await Failure(new ConsulEndpoint(new Uri("http://consul.invalid:8500")) { Timeout = Poll.Patience });
        Assert.StartsWith("consul at http://consul.invalid:8500 is not found: its name has no address (", reason);
    }

    public void Dispose() => _scratch.Dispose();

    private static ConsulEndpoint Endpoint(FakeConsul consul) => new(consul.Address) { Timeout = Poll.Patience };

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
