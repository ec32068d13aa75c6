using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Testing;

namespace Agent.Tests.Program;

/// <summary>The program with a limit that Consul reports.</summary>
[StartsProgram]
public sealed class LimitFromTests : IDisposable
{
    private const int Rounds = 5;

    private readonly Scratch _scratch = new();
    private readonly TestNamespace _host = new();
    private readonly Connections _server;

    public LimitFromTests()
    {
        _server = new Connections(_host, 8500);
        _server.Accept(9);
    }

    public void Dispose()
    {
        _server.Dispose();
        _host.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Once_shows_the_limit_and_its_source()
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Ok(FakeConsul.Self("10")) };
        (int exitCode, string output, string errors) = await Once(consul, "--output", "json", "--warn", "80%");
        Assert.Equal((1, ""), (exitCode, errors));
        using JsonDocument report = JsonDocument.Parse(output);
        JsonElement watch = report.RootElement.GetProperty("watches")[0];
        Assert.Equal((10, $"consul at http://127.0.0.1:{consul.Port}"), (watch.GetProperty("limit").GetInt32(), watch.GetProperty("limitSource").GetString()));
        Assert.Contains($"10 (consul at http://127.0.0.1:{consul.Port})", (await Once(consul, "--output", "table")).Output);
    }

    [Theory]
    [InlineData("403 Forbidden", " requires a token (403); ")]
    [InlineData("200 OK", " answers without DebugConfig.HTTPMaxConnsPerClient")]
    [InlineData("429 Too Many Requests", " answers 429: ")]
    public async Task Unknown_limit_has_a_reason_and_no_default_replaces_it(string status, string reason)
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Status(status, "{}") };
        (int exitCode, string output, string errors) = await Once(consul, "--output", "prom");
        Assert.Equal(0, exitCode);
        Assert.StartsWith($"agent: consul at http://127.0.0.1:{consul.Port}{reason}", errors);
        Assert.Single(errors.TrimEnd().Split('\n'));
        Assert.Contains("\ntcp_client_connections_max{watch=\"consul\"} 9\n", output);
        Assert.DoesNotContain("\ntcp_client_connections_limit{", output);
        Assert.Contains($"\ntcp_limit_refused{{watch=\"consul\"}} {(status.StartsWith("429", StringComparison.Ordinal) ? 1 : 0)}\n", output);

        (exitCode, output, errors) = await Once(consul, "--output", "table");
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Contains($"unknown (consul at http://127.0.0.1:{consul.Port})", output);
        Assert.Contains($"limit of consul: consul at http://127.0.0.1:{consul.Port}{reason}", output.ReplaceLineEndings(" "));

        (exitCode, output, errors) = await Once(consul, "--output", "json");
        Assert.Equal(0, exitCode);
        Assert.Contains(reason, errors);
        JsonElement watch = JsonDocument.Parse(output).RootElement.GetProperty("watches")[0];
        Assert.Equal(JsonValueKind.Null, watch.GetProperty("limit").ValueKind);
        Assert.Equal(errors.Trim()["agent: ".Length..], watch.GetProperty("limitError").GetString());
        Assert.Equal(status.StartsWith("429", StringComparison.Ordinal), watch.GetProperty("limitRefused").GetBoolean());
    }

    [Theory]
    [InlineData("429 Too Many Requests", "80%", "95%", 2, "CRITICAL")]
    [InlineData("429 Too Many Requests", "100", "200", 2, "CRITICAL")]
    [InlineData("403 Forbidden", "80%", "95%", 3, "UNKNOWN")]
    [InlineData("403 Forbidden", "100", "200", 3, "UNKNOWN")]
    [InlineData("502 Bad Gateway", "100", "200", 3, "UNKNOWN")]
    [InlineData("200 OK", "100", "200", 3, "UNKNOWN")]
    [InlineData("500 Internal Server Error", "80%", "20", 3, "UNKNOWN")]
    [InlineData("500 Internal Server Error", "80%", "9", 2, "CRITICAL")]
    [InlineData("500 Internal Server Error", "9", "20", 3, "UNKNOWN")]
    public async Task Check_is_UNKNOWN_without_a_known_limit_and_CRITICAL_after_a_429(
        string status, string warning, string critical, int exitCode, string state)
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Status(status) };
        (int code, string output, string errors) = await Once(consul, "--output", "check", "--warn", warning, "--critical", critical);
        Assert.Equal((exitCode, ""), (code, errors));
        Assert.StartsWith($"CONSUL {state} - 127.0.0.1 holds 9 connections, limit unknown: consul at http://127.0.0.1:{consul.Port} ", output);
        Assert.Contains(status == "200 OK" ? "answers with" : status[..3], output);
    }

    [Theory]
    [InlineData("80%", "95%")]
    [InlineData("100", "200")]
    public async Task Check_is_UNKNOWN_if_Consul_closes_the_connection_without_an_answer(string warning, string critical)
    {
        await using FakeConsul consul = new() { Reads = false, Reply = "", HangsUp = true };
        foreach (string scheme in new[] { "http", "https" })
        {
            (int exitCode, string output, _) = await AgentProcess.Run(
                ["--once", "--netns", _host.Path, "--output", "check", "--warn", warning, "--critical", critical],
                new Dictionary<string, string> { ["CONSUL_HTTP_ADDR"] = $"{scheme}://127.0.0.1:{consul.Port}" });
            Assert.Equal(3, exitCode);
            Assert.StartsWith("CONSUL UNKNOWN - 127.0.0.1 holds 9 connections, limit unknown: consul at ", output);
            Assert.Contains("it is full, or this is not Consul's port", output);
        }
    }

    [Theory]
    // A port without a listener; a missing certificate; a missing token.
    [InlineData("CONSUL_HTTP_ADDR", "http://127.0.0.1:1", "refuses the connection")]
    [InlineData("CONSUL_CACERT", "/nonexistent/ca.pem", "cannot load the CA file /nonexistent/ca.pem")]
    [InlineData("CONSUL_HTTP_TOKEN_FILE", "/nonexistent/token", "cannot read the token file /nonexistent/token")]
    public async Task Limit_is_unknown_if_Consul_cannot_be_asked(string variable, string value, string reason)
    {
        Dictionary<string, string> environment = new() { ["CONSUL_HTTP_ADDR"] = "https://127.0.0.1:1" };
        using Socket listener = new(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        if (variable != "CONSUL_HTTP_ADDR")
        {
            listener.Listen();
            environment["CONSUL_HTTP_ADDR"] = $"https://127.0.0.1:{((IPEndPoint)listener.LocalEndPoint!).Port}";
        }

        environment[variable] = value;
        (int exitCode, string output, _) = await AgentProcess.Run(
            ["--once", "--netns", _host.Path, "--output", "check", "--critical", "95%"], environment);
        Assert.Equal(3, exitCode);
        Assert.StartsWith("CONSUL UNKNOWN - 127.0.0.1 holds 9 connections, limit unknown: ", output);
        Assert.Contains(reason, output);
        Assert.DoesNotContain("200", output);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("127.0.0.1")]
    public async Task Consul_address_0_0_0_0_means_this_host(string host)
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Ok(FakeConsul.Self("10")) };
        (int exitCode, string output, string errors) = await AgentProcess.Run(
            ["--once", "--netns", _host.Path, "--output", "check", "--critical", "100%"],
            new Dictionary<string, string> { ["CONSUL_HTTP_ADDR"] = $"{host}:{consul.Port}" });
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.StartsWith("CONSUL OK - 127.0.0.1 holds 9 of 10 connections (90 %)", output);
    }

    [Fact]
    public async Task Ignored_CONSUL_HTTP_ADDR_is_reported()
    {
        (int exitCode, _, string errors) = await AgentProcess.Run(
            ["--once", "--netns", _host.Path, "--output", "check", "--port", "18600", "--warn", "10"],
            new Dictionary<string, string> { ["CONSUL_HTTP_ADDR"] = "127.0.0.1:18600" });
        Assert.Equal(0, exitCode);
        Assert.StartsWith("agent: CONSUL_HTTP_ADDR is ignored: the name of the watch is 18600 and not consul; give --watch consul", errors);
    }

    [Fact]
    public async Task Once_counts_before_it_asks_Consul()
    {
        // Five more connections are opened while Consul is asked.
        await using FakeConsul consul = new() { Reply = FakeConsul.Ok(FakeConsul.Self("10")), Asked = () => _server.Accept(5) };
        (int exitCode, string output, _) = await Once(consul, "--output", "check", "--critical", "100%");
        Assert.NotEmpty(consul.Requests);
        Assert.Equal(0, exitCode);
        Assert.StartsWith("CONSUL OK - 127.0.0.1 holds 9 of 10 connections (90 %)", output);
    }

    [Fact]
    public async Task Consul_is_not_asked_after_a_failed_census()
    {
        await using FakeConsul consul = new();
        (int exitCode, _, string errors) = await AgentProcess.Run(
            ["--once", "--netns", "/nonexistent", "--output", "prom"],
            new Dictionary<string, string> { ["CONSUL_HTTP_ADDR"] = consul.Address.ToString() });
        Assert.Equal(3, exitCode);
        Assert.Single(errors.TrimEnd().Split('\n'));
        Assert.Empty(consul.Requests);
    }

    [Fact]
    public async Task Daemon_publishes_a_429_and_its_end()
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Status("429 Too Many Requests") };
        using AgentProcess agent = AgentProcess.Start(
            ["--interval", "20ms", "--netns", _host.Path, "--textfile-directory", _scratch.Path],
            new Dictionary<string, string> { ["CONSUL_HTTP_ADDR"] = consul.Address.ToString() });
        await Poll.Until(() => Published("tcp_limit_refused{watch=\"consul\"} 1"), "the refusal is published");
        Assert.False(Published("tcp_client_connections_limit{watch=\"consul\"}"));
        consul.Reply = FakeConsul.Ok(FakeConsul.Self("123"));
        await Poll.Until(() => Published("tcp_limit_refused{watch=\"consul\"} 0"), "the end of the refusal is published");
        await Poll.Until(() => Published("tcp_client_connections_limit{watch=\"consul\"} 123"), "the limit is published");
        agent.Signal(15);
        Assert.Equal(0, await agent.Exit());
        Assert.Contains($"consul at http://127.0.0.1:{consul.Port} answers 429: ", agent.Errors);
        Assert.DoesNotContain("known again", agent.Errors);
    }

    [Fact]
    public async Task Daemon_publishes_no_limit_before_the_first_answer()
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Status("403 Forbidden") };
        using AgentProcess agent = AgentProcess.Start(
            ["--interval", "20ms", "--netns", _host.Path, "--textfile-directory", _scratch.Path],
            new Dictionary<string, string> { ["CONSUL_HTTP_ADDR"] = consul.Address.ToString() });
        await Poll.Until(() => Published("tcp_limit_refused{watch=\"consul\"} 0"), "the answer is published");
        Assert.True(Published("tcp_client_connections_max{watch=\"consul\"} 9"));
        Assert.False(Published("tcp_client_connections_limit{watch=\"consul\"}"));
        agent.Signal(15);
        Assert.Equal(0, await agent.Exit());
    }

    private bool Published(string sample)
    {
        string file = _scratch["tcp_connections.prom"];
        return File.Exists(file) && File.ReadAllText(file).Contains($"\n{sample}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Daemon_publishes_the_limit_that_Consul_reports()
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Ok(FakeConsul.Self("123")) };
        int before = 0;
        string errors = await Answered(
            () =>
            {
                before = consul.Requests.Count;
                return PublishTheLimit(consul, "123");
            },
            errors => errors);
        Assert.Contains($"consul.limitFrom consul at http://127.0.0.1:{consul.Port} (CONSUL_HTTP_ADDR)", errors);
        Assert.Contains($"limit per client, by consul at http://127.0.0.1:{consul.Port}: 123\n", errors);
        Assert.DoesNotContain("secret-token", errors);
        Assert.Contains("X-Consul-Token: secret-token", Assert.Single(consul.Requests.Skip(before)));
    }

    /// <returns>The log of a daemon that published the limit and was then stopped.</returns>
    private async Task<string> PublishTheLimit(FakeConsul consul, string limit)
    {
        using AgentProcess agent = AgentProcess.Start(
            ["--interval", "20ms", "--netns", _host.Path, "--textfile-directory", _scratch.Path],
            new Dictionary<string, string> { ["CONSUL_HTTP_ADDR"] = $"127.0.0.1:{consul.Port}", ["CONSUL_HTTP_TOKEN"] = "secret-token" });
        string file = _scratch["tcp_connections.prom"];
        await Poll.Until(
            () => File.Exists(file) && File.ReadAllText(file).Contains($"tcp_client_connections_limit{{watch=\"consul\"}} {limit}\n"), "the limit is published");
        agent.Signal(15);
        Assert.Equal(0, await agent.Exit());
        return agent.Errors;
    }

    private Task<(int ExitCode, string Output, string Errors)> Once(FakeConsul consul, params string[] arguments) => Answered(
        () => AgentProcess.Run(
            ["--once", "--netns", _host.Path, .. arguments],
            new Dictionary<string, string> { ["CONSUL_HTTP_ADDR"] = consul.Address.ToString() }),
        result => result.Errors);

    /// <summary>Asks again if the machine paused during the two seconds of the timeout.</summary>
    private static async Task<T> Answered<T>(Func<Task<T>> ask, Func<T, string> errorsOf)
    {
        T result = await ask();
        for (int round = 1; round < Rounds && errorsOf(result).Contains("gave no answer within", StringComparison.Ordinal); round++)
        {
            result = await ask();
        }

        return result;
    }
}
