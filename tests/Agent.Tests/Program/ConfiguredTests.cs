using System.Net;
using System.Text.Json;
using Testing;

namespace Agent.Tests.Program;

/// <summary>The program with a configuration file and with a filter, on a real kernel.</summary>
[StartsProgram]
public sealed class ConfiguredTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Watches_in_several_namespaces_fail_independently()
    {
        using TestNamespace main = new();
        TestNamespace other = new();
        using Connections consul = new(main, 8500);
        using Connections https = new(main, 8501);
        using Connections sameport = new(other, 8500);
        consul.Accept(3);
        https.Accept(2);
        sameport.Accept(5);
        // Names that this test can search for.
        File.CreateSymbolicLink(_scratch["main"], main.Path);
        File.CreateSymbolicLink(_scratch["other"], other.Path);
        string config = Write(
            $$"""
            {
              "interval": "20ms", "textfileDirectory": "{{_scratch["out"]}}", "netns": "{{_scratch["main"]}}",
              "watches": [
                { "name": "consul", "ports": [8500, 8501] },
                { "name": "https", "ports": [8501], "limit": 4, "shownClients": 0 },
                { "name": "consul of the other", "ports": [8500], "netns": "{{_scratch["other"]}}" }
              ]
            }
            """);
        using AgentProcess agent = AgentProcess.Start(["--config", config]);
        string file = _scratch["out/tcp_connections.prom"];
        string[] ofMain =
        [
            "tcp_connections{port=\"8500\",protocol=\"ipv4\"} 3\n", "tcp_connections{port=\"8501\",protocol=\"ipv4\"} 2\n",
            "tcp_client_connections{watch=\"consul\",client=\"127.0.0.1\"} 5\n", "tcp_client_connections_max{watch=\"https\"} 2\n",
            "tcp_client_connections_limit{watch=\"consul\"} 200\n", "tcp_client_connections_limit{watch=\"https\"} 4\n",
            "sockdiag_census_success 1\n",
        ];
        string netns = $"netns=\"{_scratch["other"]}\"";
        string[] ofOther =
        [
            $"tcp_connections{{port=\"8500\",protocol=\"ipv4\",{netns}}} 5\n", $"tcp_client_connections_max{{watch=\"consul of the other\",{netns}}} 5\n",
            $"sockdiag_census_success{{{netns}}} 1\n",
        ];
        string text = await Poll.For(
            () => Read(file), now => now.Contains("success{") && now.Contains("sockdiag_census_success 1\n"), "both namespaces are published");
        Assert.All([.. ofMain, .. ofOther], line => Assert.Contains(line, text));
        Assert.DoesNotContain("tcp_client_connections{watch=\"https\"", text);

        File.Delete(_scratch["other"]);
        other.Dispose();
        text = await Poll.For(() => Read(file), now => now.Contains($"sockdiag_census_success{{{netns}}} 0\n"), "the failure of the other namespace is published");
        await Poll.Until(() => agent.Errors.Contains("cannot measure", StringComparison.Ordinal), "the error is logged");
        Assert.All(ofMain, line => Assert.Contains(line, text));
        Assert.DoesNotContain(text.Split('\n'), line => line.StartsWith("tcp_", StringComparison.Ordinal) && line.Contains(netns, StringComparison.Ordinal));
        Assert.DoesNotContain($",{netns}", text);

        agent.Signal(15);
        Assert.Equal(0, await agent.Exit());
        Assert.Collection(
            agent.Errors.TrimEnd().Split('\n'),
            line => Assert.Contains($"consul.ports 8500,8501 ({config}:4)", line),
            line => Assert.Contains($"cannot measure in network namespace {_scratch["other"]}: ", line));
    }

    [Fact]
    public async Task Once_prints_the_successful_censuses_and_exits_with_3_for_a_failed_one()
    {
        using TestNamespace main = new();
        using Connections consul = new(main, 8500);
        consul.Accept(3);
        string config = Write(
            $$"""
            { "netns": "{{main.Path}}", "watches": [
                { "name": "consul", "ports": [8500] }, { "name": "gone", "ports": [8500], "netns": "no-such-name" } ] }
            """);
        (int exitCode, string output, string errors) = await AgentProcess.Run(["--once", "--config", config, "--output", "prom"]);
        Assert.Equal(3, exitCode);
        Assert.Contains("tcp_client_connections_max{watch=\"consul\"} 3\n", output);
        Assert.Contains("sockdiag_census_success{netns=\"no-such-name\"} 0\n", output);
        Assert.StartsWith("agent: opening network namespace 'no-such-name'", errors);
        Assert.Single(errors.TrimEnd().Split('\n'));

        Assert.Equal(2, (await AgentProcess.Run(["--once", "--config", config, "--critical", "3"])).ExitCode);
        Assert.Equal(3, (await AgentProcess.Run(["--once", "--config", config, "--warn", "3"])).ExitCode);
    }

    [Fact]
    public async Task Check_config_lists_the_settings_and_their_origins()
    {
        string config = Write("{ // comment\n \"interval\": \"2s\",\n \"watches\": [ { \"name\": \"web\", \"ports\": [80, 443], \"limit\": 5,\n \"warning\": \"80%\" } ] }");
        (int exitCode, string output, string errors) = await AgentProcess.Run(
            ["check-config", config], new Dictionary<string, string> { ["AGENT_NETNS"] = "blue", ["CONSUL_PORT"] = "8500" });
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Equal(
            [
                $"{config} is valid", $"interval 2s {config}:2", "textfileDirectory /tmp/node-exporter default", "netns blue AGENT_NETNS",
                $"web.ports 80,443 {config}:3", $"web.limit 5 {config}:3", "web.shownClients 10 default", $"web.warning 80% {config}:4",
                $"CONSUL_PORT is ignored: the watches are configured in {config}",
            ],
            output.TrimEnd().Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
    }

    [Theory]
    [InlineData("check-config")]
    [InlineData("--once", "--config")]
    [InlineData("--config")]
    public async Task Invalid_file_is_one_line_and_exit_code_64(params string[] arguments)
    {
        string config = Write("{\n \"watches\": [ { \"name\": \"web\", \"ports\": [80],\n \"limit\": -1 } ] }");
        Assert.Equal(
            (64, "", $"agent: {config}:3: watches[0].limit: '-1' is not a limit; give a number of at least 1, or none\n"),
            await AgentProcess.Run([.. arguments, config]));
    }

    [Fact]
    public async Task File_without_permission_is_reported_alike_at_the_start_and_at_a_reload()
    {
        Requires.Root();
        string config = Write("{ \"textfileDirectory\": \"none\" }");
        // Root without the capabilities that ignore a file's mode.
        string[] limited = [Requires.Program("setpriv", "util-linux"), "--bounding-set", "-dac_override,-dac_read_search"];
        using AgentProcess agent = AgentProcess.Start(["--config", config], through: limited);
        await Poll.Until(() => agent.Errors.Contains($"({config}:1)", StringComparison.Ordinal), "the agent runs");

        File.SetUnixFileMode(config, UnixFileMode.UserRead);
        Assert.Equal(0, (await Tool.Run("chown", ["65534", config])).ExitCode);
        string reason = $"{config}: cannot be read: permission denied for the agent's user; change the file's owner or mode\n";
        await Poll.Until(() => agent.Errors.Contains(reason, StringComparison.Ordinal), "the reload is rejected");
        agent.Signal(NativeMethods.SIGTERM);
        Assert.Equal(0, await agent.Exit());

        Assert.Equal((64, "", $"agent: {reason}"), await AgentProcess.Run(["--once", "--config", config], through: limited));
    }

    [Fact]
    public async Task Unix_socket_that_the_agent_may_not_look_at_is_at_least_0_and_never_just_0()
    {
        using TestNamespace host = new();
        string directory = _scratch["private"];
        Directory.CreateDirectory(directory);
        // Bound by another name than the watched one, so that the name does not help.
        File.CreateSymbolicLink(_scratch["alias"], directory);
        using UnixServer server = new(host, $"{_scratch["alias"]}/s");
        server.Accept(3);
        Assert.Equal(0, (await Tool.Run("chown", ["65534", directory])).ExitCode);
        File.SetUnixFileMode(directory, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string config = Write($$"""{ "watches": [ { "name": "a", "unixSockets": ["{{directory}}/s"], "netns": "{{host.Path}}" } ] }""");

        (int exitCode, string output, _) = await AgentProcess.Run(["--once", "--output", "json", "--config", config]);
        Assert.Equal(0, exitCode);
        Assert.Contains("\"held\": 3,", output, StringComparison.Ordinal);

        string[] limited = [Requires.Program("setpriv", "util-linux"), "--bounding-set", "-dac_override,-dac_read_search"];
        (exitCode, output, _) = await AgentProcess.Run(["--once", "--output", "json", "--config", config], through: limited);
        Assert.Equal(0, exitCode);
        Assert.Contains("\"heldIsMinimum\": true,", output, StringComparison.Ordinal);
        Assert.Contains($"cannot see the connections to {directory}/s: the agent may not look at this file", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_config_needs_a_file()
    {
        (int exitCode, string output, string errors) = await AgentProcess.Run(["check-config"]);
        Assert.Equal((64, ""), (exitCode, output));
        Assert.Single(errors.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("src 127.0.0.1 or dst 127.0.0.7", 9, 2)]
    [InlineData("dst 127.0.0.7", 4, 1)]
    [InlineData("not dst 127.0.0.0/29", 5, 1)]
    [InlineData("dst 10.0.0.0/8", 0, 0)]
    [InlineData("dport = :1", 0, 0)]
    public async Task Filter_applies_to_all_counts(string filter, int held, int clients)
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(4, from: IPAddress.Parse("127.0.0.7"));
        server.Accept(5, from: IPAddress.Parse("127.0.0.8"));
        (int exitCode, string output, string errors) = await AgentProcess.Run(
            ["--once", "--netns", host.Path, "--filter", filter, "--output", "json"]);
        Assert.Equal((0, ""), (exitCode, errors));
        using JsonDocument report = JsonDocument.Parse(output);
        Assert.NotEqual(JsonValueKind.Null, report.RootElement.GetProperty("filter").ValueKind);
        JsonElement watch = report.RootElement.GetProperty("watches")[0];
        Assert.Equal((held, held, clients), (
            watch.GetProperty("held").GetInt32(), watch.GetProperty("ipv4").GetInt32(), watch.GetProperty("clients").GetInt32()));
    }

    [Theory]
    [InlineData("--filter: at column 14: expected a predicate, found 'or'", "--once", "--filter", "dst 10/8 and or")]
    [InlineData("--filter: works only with --once; ", "--filter", "dst 10/8")]
    [InlineData("--filter: a textfile must contain all connections; ", "--once", "--filter", "dst 10/8", "--textfile-directory", "/tmp")]
    public async Task Invalid_filter_is_rejected(string message, params string[] arguments)
    {
        (int exitCode, string output, string errors) = await AgentProcess.Run(arguments);
        Assert.Equal((64, ""), (exitCode, output));
        Assert.StartsWith($"agent: {message}", errors);
        Assert.Single(errors.TrimEnd().Split('\n'));
    }

    private string Write(string text)
    {
        File.WriteAllText(_scratch["agent.json"], text);
        return _scratch["agent.json"];
    }

    private static string Read(string file) => File.Exists(file) ? File.ReadAllText(file) : "";
}
