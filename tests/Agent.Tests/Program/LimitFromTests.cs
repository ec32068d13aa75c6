using System.Text.Json;
using Agent.Tests.Watching.Limits;
using Testing;

namespace Agent.Tests.Program;

/// <summary>The program with a limit that somebody else decides.</summary>
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
    public async Task Once_asks_and_says_who_answered()
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Ok(FakeConsul.Self("10")) };
        (int exitCode, string output, string errors) = await Once(consul, "--output", "json", "--warn", "80%");
        Assert.Equal((1, ""), (exitCode, errors));
        using JsonDocument report = JsonDocument.Parse(output);
        JsonElement watch = report.RootElement.GetProperty("watches")[0];
        Assert.Equal((10, $"consul at http://127.0.0.1:{consul.Port}"), (watch.GetProperty("limit").GetInt32(), watch.GetProperty("limitSource").GetString()));
        Assert.Contains($"10 (consul at http://127.0.0.1:{consul.Port})", (await Once(consul, "--output", "table")).Output);
    }

    [Fact]
    public async Task Once_says_why_nothing_was_answered_and_goes_on_with_the_default()
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Status("403 Forbidden") };
        (int exitCode, string output, string errors) = await Once(consul, "--output", "prom");
        Assert.Equal(0, exitCode);
        Assert.StartsWith($"agent: consul at http://127.0.0.1:{consul.Port} wants a token (403); ", errors);
        Assert.Single(errors.TrimEnd().Split('\n'));
        Assert.Contains("tcp_client_connections_limit{watch=\"consul\"} 200\n", output);
    }

    [Theory]
    [InlineData(3, "UNKNOWN - 127.0.0.1 holds 9 connections of a limit that is not known", "80%", "20")]
    [InlineData(2, "CRITICAL - ", "80%", "9")]
    [InlineData(1, "WARNING - ", "9", "20")]
    public async Task A_share_of_a_limit_that_nobody_told_is_not_known_to_be_fine(int expected, string line, string warning, string critical)
    {
        await using FakeConsul consul = new() { Reply = FakeConsul.Status("500 Internal Server Error") };
        File.WriteAllText(
            _scratch["agent.json"],
            $$"""{ "watches": [ { "name": "web", "ports": [8500], "limitFrom": { "consul": "{{consul.Address}}" }, "warning": "{{warning}}", "critical": {{critical}} } ] }""");
        (int exitCode, string output, _) = await AgentProcess.Run(["--once", "--netns", _host.Path, "--config", _scratch["agent.json"], "--output", "check"]);
        Assert.Equal(expected, exitCode);
        Assert.StartsWith($"WEB {line}", output);
    }

    [Fact]
    public async Task The_daemon_publishes_what_is_answered()
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

    /// <returns>What the daemon had to say until it had published the limit and was told to end.</returns>
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
        ended => ended.Errors);

    /// <summary>Asks again where the machine stood still for the two seconds in which an answer is waited for.</summary>
    private static async Task<T> Answered<T>(Func<Task<T>> ask, Func<T, string> errorsOf)
    {
        T ended = await ask();
        for (int round = 1; round < Rounds && errorsOf(ended).Contains("gave no answer within", StringComparison.Ordinal); round++)
        {
            ended = await ask();
        }

        return ended;
    }
}
