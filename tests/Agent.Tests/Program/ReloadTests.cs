using System.Diagnostics;
using System.Net.Sockets;
using Agent.Hosting;
using Testing;

namespace Agent.Tests.Program;

/// <summary>The daemon while its configuration file is replaced, in every way that tools use.</summary>
[StartsProgram]
public sealed class ReloadTests : IDisposable
{
    private const int SIGHUP = 1;
    private const int SIGTERM = 15;
    private readonly Scratch _scratch = new();
    private readonly TestNamespace _host = new();

    public static TheoryData<string> Ways => ["in place", "by rename", "after a removal", "by a symlink", "by a symlinked directory"];

    private string Metrics => Read(_scratch["out/tcp_connections.prom"]);

    private string Config => _scratch["config/agent.json"];

    public void Dispose()
    {
        _host.Dispose();
        _scratch.Dispose();
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task New_file_takes_effect_with_each_way_to_replace_the_old_one(string way)
    {
        Install(way, Watches("""{ "name": "old", "ports": [8500] }"""));
        using AgentProcess agent = AgentProcess.Start(["--config", Config]);
        await Poll.Until(() => Metrics.Contains("tcp_clients{watch=\"old\"} 0\n"), "the old watch is published");

        Stopwatch installing = Stopwatch.StartNew();
        Install(way, Watches("""{ "name": "new", "ports": [8501] }"""));
        // If the machine pauses during the replacement, the file stays empty or missing for a second and is rejected.
        bool mayBeRefused = installing.Elapsed > ReloadTask.Period;
        await Poll.Until(() => Metrics.Contains("tcp_clients{watch=\"new\"} 0\n"), $"the new watch is published; the log: {agent.Errors}");
        string metrics = Metrics;
        Assert.DoesNotContain("\"old\"", metrics);
        Assert.DoesNotContain("\"8500\"", metrics);
        await Poll.Until(() => agent.Errors.Contains("was reloaded"), "it is logged");
        Assert.Collection(
            agent.Errors.TrimEnd().Split('\n').Where(line => !mayBeRefused || !line.Contains("stays as it was")),
            line => Assert.Contains("old.ports 8500", line),
            line => Assert.Matches($"the configuration was reloaded: .*new.ports 8501 \\({Config}:", line));
        await StopsCleanly(agent);
    }

    [Fact]
    public async Task Files_that_only_variables_name_are_reloaded_too()
    {
        string databases = _scratch["databases.json"];
        string queries = _scratch["queries.json"];
        // No server listens there.
        File.WriteAllText(databases, "[ { \"name\": \"db1\", \"host\": \"/nonexistent\", \"database\": \"d\", \"user\": \"u\" } ]");
        File.WriteAllText(queries, "[]");
        Dictionary<string, string> variables = new() { ["DBS_CONFIG_FILE"] = databases, ["QUERIES_FILE"] = queries };
        using AgentProcess agent = AgentProcess.Start(["--netns", _host.Path, "--textfile-directory", _scratch["out"]], variables);
        await Poll.Until(() => Metrics.Contains("watch=\"consul\""), "the default watch is published");

        File.WriteAllText(queries, "[ { \"name\": \"courses\", \"help\": \"Courses\", \"query\": \"SELECT 1\" } ]");
        await Poll.Until(() => agent.Errors.Contains("was reloaded"), "the file of queries is reloaded");
        Assert.Contains("queries.courses.databases db1 (default)", agent.Errors);

        File.WriteAllText(queries, "[ { \"name\": \"up\", \"help\": \"Courses\", \"query\": \"SELECT 1\" } ]");
        agent.Signal(SIGHUP);
        await Poll.Until(() => agent.Errors.Contains($"stays as it was: {queries}:1: [0].name: "), "SIGHUP reloads it at once");
        await StopsCleanly(agent);
    }

    [Fact]
    public async Task Invalid_file_changes_nothing_and_is_logged_once_with_file_line_and_key()
    {
        Install("by rename", Watches("""{ "name": "old", "ports": [8500] }"""));
        using AgentProcess agent = AgentProcess.Start(["--config", Config]);
        await Poll.Until(() => Metrics.Contains("watch=\"old\""), "the old watch is published");

        Install("by rename", Watches("""{ "name": "new", "ports": [0] }"""));
        await Poll.Until(() => agent.Errors.Contains("stays as it was"), "it is logged");
        string after = Metrics;
        await Poll.Until(() => Metrics != after && Metrics.Contains("watch=\"old\""), "the agent continues");
        Assert.Contains($"the configuration stays as it was: {Config}:4: watches[0].ports: '0' is not a port", agent.Errors);
        Assert.Equal(2, agent.Errors.TrimEnd().Split('\n').Length);

        File.Delete(Config);
        await Poll.Until(() => agent.Errors.Contains("cannot be read"), "the missing file is logged");
        Install("by rename", Watches("""{ "name": "new", "ports": [8501] }"""));
        await Poll.Until(() => Metrics.Contains("watch=\"new\""), "a valid file takes effect");
        await StopsCleanly(agent);
    }

    [Fact]
    public async Task Peak_of_an_unchanged_watch_survives_a_reload()
    {
        using Connections server = new(_host, 8500);
        IReadOnlyList<(Socket Client, Socket Server)> connections = server.Accept(7);
        Install("by rename", Watches("""{ "name": "stays", "ports": [8500] }"""));
        using AgentProcess agent = AgentProcess.Start(["--config", Config]);
        await Poll.Until(() => Metrics.Contains("tcp_client_connections_peak{watch=\"stays\"} 7\n"), "the peak is published");
        foreach ((Socket client, Socket end) in connections)
        {
            client.Dispose();
            end.Dispose();
        }

        await Poll.Until(() => Metrics.Contains("tcp_client_connections_max{watch=\"stays\"} 0\n"), "the clients are gone");

        Install("by rename", Watches("""{ "name": "stays", "ports": [8500], "limit": 5 }, { "name": "more", "ports": [8501] }"""));
        await Poll.Until(() => Metrics.Contains("watch=\"more\""), "the new watch is published");
        Assert.Contains("tcp_client_connections_peak{watch=\"stays\"} 7\n", Metrics);
        Assert.Contains("tcp_client_connections_limit{watch=\"stays\"} 5\n", Metrics);
        Assert.Contains("tcp_client_connections_peak{watch=\"more\"} 0\n", Metrics);
        await StopsCleanly(agent);
    }

    [Fact]
    public async Task Textfile_moves_to_another_directory_and_leaves_nothing_behind()
    {
        Install("by rename", Watches("""{ "name": "a", "ports": [8500] }"""));
        using AgentProcess agent = AgentProcess.Start(["--config", Config]);
        await Poll.Until(() => Metrics.Contains("watch=\"a\""), "the watch is published");
        Install("by rename", Watches("""{ "name": "a", "ports": [8500] }""", directory: "moved"));
        await Poll.Until(() => Read(_scratch["moved/tcp_connections.prom"]).Contains("watch=\"a\""), "the textfile in the other directory is written");
        await Poll.Until(() => !Directory.EnumerateFileSystemEntries(_scratch["out"]).Any(), "the old directory is empty");

        using AgentProcess other = AgentProcess.Start(["--textfile-directory", _scratch["taken"]]);
        await Poll.Until(() => File.Exists(_scratch["taken/tcp_connections.prom"]), "another agent writes there");
        Install("by rename", Watches("""{ "name": "a", "ports": [8500] }""", directory: "taken"));
        await Poll.Until(() => agent.Errors.Contains("stays as it was: another agent already writes"), "the reload is rejected");
        string before = Read(_scratch["moved/tcp_connections.prom"]);
        await Poll.Until(() => Read(_scratch["moved/tcp_connections.prom"]) != before, "the agent continues in the old directory");
        await StopsCleanly(agent);
    }

    [Fact]
    public async Task Textfile_on_a_hanging_disk_is_replaced_and_removed_when_the_disk_recovers()
    {
        await using FreezableDisk disk = await FreezableDisk.Mount(_scratch["disk"]);
        Install("by rename", Watches("""{ "name": "a", "ports": [8500] }""", directory: "disk"));
        using AgentProcess agent = AgentProcess.Start(["--config", Config]);
        await Poll.Until(() => Read(_scratch["disk/tcp_connections.prom"]).Contains("watch=\"a\""), "the watch is published");
        await using (await disk.Freeze())
        {
            Install("by rename", Watches("""{ "name": "a", "ports": [8500] }"""));
            await Poll.Until(() => Metrics.Contains("watch=\"a\""), "the textfile in the other directory is written");
            Assert.True(File.Exists(_scratch["disk/tcp_connections.prom"]));
        }

        await Poll.Until(() => !Directory.EnumerateFiles(disk.Path).Any(), "the old directory is empty");
        Install("by rename", Watches("""{ "name": "a", "ports": [8500] }""", directory: "disk"));
        await Poll.Until(
            () => Read(_scratch["disk/tcp_connections.prom"]).Contains("watch=\"a\""), $"the textfile is written there again; the log: {agent.Errors}");
        await StopsCleanly(agent);
    }

    [Fact]
    public async Task Unusable_directory_does_not_replace_a_usable_one()
    {
        Install("by rename", Watches("""{ "name": "a", "ports": [8500] }"""));
        using AgentProcess agent = AgentProcess.Start(["--config", Config]);
        await Poll.Until(() => Metrics.Contains("watch=\"a\""), "the watch is published");
        await File.WriteAllTextAsync(_scratch["file"], "in the way", TestContext.Current.CancellationToken);
        Install("by rename", Watches("""{ "name": "b", "ports": [8500] }""", directory: "file"));
        await Poll.Until(
            () => agent.Errors.Contains($"stays as it was: {_scratch["file/tcp_connections.prom"]} cannot be written: "), "it is logged");
        string before = Metrics;
        await Poll.Until(() => Metrics != before && Metrics.Contains("watch=\"a\""), "the agent continues in the old directory");
        await StopsCleanly(agent);
    }

    [Fact]
    public async Task SIGHUP_reads_the_file_at_once_even_if_it_is_unchanged()
    {
        Install("by rename", Watches("""{ "name": "a", "ports": [8500] }"""));
        using NotifyListener manager = new(_scratch["notify"]);
        using AgentProcess agent = AgentProcess.Start(
            ["--config", Config], new Dictionary<string, string> { ["NOTIFY_SOCKET"] = manager.Address });
        await manager.ReceiveUntil("READY=1");
        agent.Signal(SIGHUP);
        await manager.ReceiveUntil("RELOADING=1");
        await manager.ReceiveUntil("READY=1");
        await Poll.Until(() => agent.Errors.Contains("the configuration was reloaded"), "it is logged");

        Install("by rename", "{ \"watches\": [] }");
        agent.Signal(SIGHUP);
        await manager.ReceiveUntil("READY=1");
        await Poll.Until(() => agent.Errors.Contains("stays as it was"), "the invalid file is logged too");
        await StopsCleanly(agent);
    }

    [Fact]
    public async Task File_that_changes_while_the_agent_starts_is_not_missed()
    {
        Install("by rename", Watches("""{ "name": "old", "ports": [8500] }"""));
        using AgentProcess agent = AgentProcess.Start(["--config", Config]);
        // As soon as the agent has read the first file.
        await Poll.Until(() => agent.Errors.Contains("old.ports"), "the agent has read the file");
        Install("by rename", Watches("""{ "name": "new", "ports": [8501] }"""));
        await Poll.Until(() => Metrics.Contains("watch=\"new\""), "the new file takes effect");
        await StopsCleanly(agent);
    }

    [Fact]
    public async Task New_main_namespace_replaces_the_old_one()
    {
        using TestNamespace other = new();
        using Connections seven = new(_host, 8500);
        using Connections five = new(other, 8500);
        seven.Accept(7);
        five.Accept(5);
        Install("by rename", Watches("""{ "name": "a", "ports": [8500] }"""));
        using AgentProcess agent = AgentProcess.Start(["--config", Config]);
        await Poll.Until(() => Metrics.Contains("{port=\"8500\",protocol=\"ipv4\"} 7\n"), "the first one is published");
        Install("by rename", Watches("""{ "name": "a", "ports": [8500] }""", netns: other.Path));
        await Poll.Until(() => Metrics.Contains("{port=\"8500\",protocol=\"ipv4\"} 5\n"), $"the other namespace is published; the log: {agent.Errors}");
        // The peak is that of the new namespace too.
        Assert.Contains("tcp_client_connections_peak{watch=\"a\"} 5\n", Metrics);
        five.Dispose();
        await Poll.Until(() => Metrics.Contains("{port=\"8500\",protocol=\"ipv4\"} 0\n"), "the census continues");
        await StopsCleanly(agent);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stop_during_a_reload_leaves_nothing_behind(bool hasStarted)
    {
        for (int round = 0; round < 3; round++)
        {
            Install("by rename", Watches("""{ "name": "a", "ports": [8500] }"""));
            using AgentProcess agent = AgentProcess.Start(["--config", Config]);
            await Poll.Until(() => Metrics.Contains("watch=\"a\""), $"the agent publishes; the log: {agent.Errors}");
            string moved = $"moved{round}";
            Install("by rename", Watches("""{ "name": "b", "ports": [8501] }""", directory: moved));
            agent.Signal(SIGHUP);
            if (hasStarted)
            {
                await Poll.Until(() => Directory.Exists(_scratch[moved]), "the agent creates the new directory");
            }

            await StopsCleanly(agent);
            Assert.DoesNotMatch("fail: |crit: |warn: |cannot", agent.Errors);
            Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch["out"]));
            if (hasStarted)
            {
                Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch[moved]));
            }
        }
    }

    [Fact]
    public async Task Pipe_is_read_once()
    {
        Assert.Equal((0, ""), await Tool.Run("mkfifo", [_scratch["pipe"]]));
        using AgentProcess agent = AgentProcess.Start(["--config", _scratch["pipe"]]);
        await File.WriteAllTextAsync(
            _scratch["pipe"], Watches("""{ "name": "a", "ports": [8500] }"""), TestContext.Current.CancellationToken);
        await Poll.Until(() => Metrics.Contains("watch=\"a\""), $"the agent publishes; the log: {agent.Errors}");
        agent.Signal(SIGHUP);
        Assert.Equal(0, await agent.Exit());
        Assert.Single(agent.Errors.TrimEnd().Split('\n'));
    }

    private static async Task StopsCleanly(AgentProcess agent)
    {
        agent.Signal(SIGTERM);
        Assert.Equal(0, await agent.Exit());
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return "";
        }
    }

    private string Watches(string watches, string directory = "out", string? netns = null) =>
        $$"""
        {
          "interval": "20ms", "textfileDirectory": "{{_scratch[directory]}}", "netns": "{{netns ?? _host.Path}}",
          "watches": [
            {{watches}}
          ]
        }
        """;

    private void Install(string way, string text)
    {
        Directory.CreateDirectory(_scratch["config"]);
        switch (way)
        {
            case "in place":
                File.WriteAllText(Config, text);
                break;
            case "by rename":
                File.WriteAllText(_scratch["next"], text);
                File.Move(_scratch["next"], Config, overwrite: true);
                break;
            case "after a removal":
                File.Delete(Config);
                File.WriteAllText(Config, text);
                break;
            case "by a symlink":
                string file = _scratch[$"{Guid.NewGuid():N}"];
                File.WriteAllText(file, text);
                Link(file, Config);
                break;
            default:
                // Like a ConfigMap of Kubernetes: config/agent.json -> ..data/agent.json, ..data -> a directory of this version.
                string version = _scratch[$"config/..{Guid.NewGuid():N}"];
                Directory.CreateDirectory(version);
                File.WriteAllText(Path.Combine(version, "agent.json"), text);
                Link(version, _scratch["config/..data"]);
                if (!File.Exists(Config))
                {
                    File.CreateSymbolicLink(Config, "..data/agent.json");
                }

                break;
        }
    }

    /// <summary>Replaces a symlink in one step.</summary>
    private void Link(string target, string link)
    {
        File.CreateSymbolicLink(_scratch["next"], target);
        Assert.Equal(0, NativeMethods.rename(_scratch["next"], link));
    }
}
