using Testing;

namespace Agent.Tests.Program;

[StartsProgram]
public sealed class DaemonTests
{
    [Theory]
    [InlineData(15)] // SIGTERM
    [InlineData(2)] // SIGINT
    [InlineData(3)] // SIGQUIT
    [InlineData(1)] // SIGHUP
    public async Task Daemon_publishes_until_a_signal_and_removes_its_file(int signal)
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        using Scratch scratch = new();
        server.Accept(5);
        using AgentProcess agent = AgentProcess.Start(
            ["--interval", "20ms", "--netns", host.Path, "--textfile-directory", scratch.Path]);
        string file = scratch["tcp_connections.prom"];
        await Poll.Until(() => Read(file).Contains("tcp_connections{port=\"8500\",protocol=\"ipv4\"} 5\n"), "five connections are published");
        server.Accept(2);
        await Poll.Until(() => Read(file).Contains("tcp_connections{port=\"8500\",protocol=\"ipv4\"} 7\n"), "seven connections are published");

        agent.Signal(signal);
        Assert.Equal(0, await agent.Exit());

        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch.Path));
        string line = Assert.Single(agent.Errors.TrimEnd().Split('\n'));
        Assert.EndsWith(
            $"interval 20ms (--interval), textfileDirectory {scratch.Path} (--textfile-directory), netns {host.Path} (--netns), "
                + "consul.ports 8500 (default), consul.limit 200 (default), consul.shownClients 10 (default)",
            line);
        Assert.Equal("", agent.Output);
    }

    [Fact]
    public async Task Two_signals_at_once_count_as_one()
    {
        using Scratch scratch = new();
        // If the machine pauses between the two signals, they count as two.
        int exitCode = -1;
        for (int round = 0; round < 5 && exitCode != 0; round++)
        {
            File.Delete(scratch["tcp_connections.prom"]);
            using AgentProcess agent = AgentProcess.Start(["--interval", "20ms", "--textfile-directory", scratch.Path]);
            await Poll.Until(() => Read(scratch["tcp_connections.prom"]).Contains("sockdiag_census_success 1\n"), "the agent publishes");

            // Both signals are pending when the process continues: SIGSTOP, SIGTERM, SIGINT, SIGCONT.
            foreach (int signal in (int[])[19, 15, 2, 18])
            {
                agent.Signal(signal);
            }

            exitCode = await agent.Exit();
        }

        Assert.Equal(0, exitCode);
        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch.Path));
    }

    [Fact]
    public async Task Deleted_namespace_of_a_watch_is_not_kept_alive_by_the_daemon()
    {
        await using LinkedNamespace linked = await LinkedNamespace.Make();
        using Scratch scratch = new();
        await File.WriteAllTextAsync(
            scratch["agent.json"],
            $$"""{ "watches": [{ "name": "here", "ports": [8500] }, { "name": "there", "ports": [8500], "netns": "{{linked.Name}}" }] }""",
            TestContext.Current.CancellationToken);
        using AgentProcess agent = AgentProcess.Start(
            ["--interval", "20ms", "--config", scratch["agent.json"], "--textfile-directory", scratch["out"]]);
        string success = $"sockdiag_census_success{{netns=\"{linked.Name}\"}} ";
        await Poll.Until(() => Read(scratch["out/tcp_connections.prom"]).Contains($"{success}1\n"), "the census there succeeds");

        await linked.Delete();

        await Poll.Until(() => Read(scratch["out/tcp_connections.prom"]).Contains($"{success}0\n"), "its failure is published");
        await linked.IsGone();
        Assert.False(agent.HasExited);
    }

    [Fact]
    public async Task Missing_namespace_and_its_return_are_logged_once_each_time()
    {
        using Scratch scratch = new();
        string link = scratch["ns"];
        using TestNamespace host = new();
        using AgentProcess agent = AgentProcess.Start(
            ["--interval", "20ms", "--netns", link, "--textfile-directory", scratch["out"]]);
        string file = scratch["out/tcp_connections.prom"];
        await Poll.Until(() => Read(file).Contains("sockdiag_census_success 0\n"), "the failure is published");
        Assert.DoesNotContain("\ntcp_", Read(file));

        File.CreateSymbolicLink(link, host.Path);
        await Poll.Until(() => Read(file).Contains("sockdiag_census_success 1\n"), "the recovery is published");
        File.Delete(link);
        await Poll.Until(() => Read(file).Contains("sockdiag_census_success 0\n"), "the second failure is published");
        // An agent that ended before this line would not log it.
        await Poll.Until(() => agent.Errors.Split("cannot measure").Length > 2, "the error is logged");
        agent.Signal(15);
        Assert.Equal(0, await agent.Exit());

        Assert.Collection(
            agent.Errors.TrimEnd().Split('\n'),
            line => Assert.Contains("consul.ports 8500 (default)", line),
            line => Assert.Contains("cannot measure: opening network namespace", line),
            line => Assert.Contains("can measure again", line),
            line => Assert.Contains("cannot measure: opening network namespace", line));
    }

    [Fact]
    public async Task Second_agent_on_the_same_file_ends_with_a_one_line_error()
    {
        using Scratch scratch = new();
        using AgentProcess first = AgentProcess.Start(["--textfile-directory", scratch.Path]);
        await Poll.Until(() => File.Exists(scratch["tcp_connections.prom"]), "the first agent publishes");

        Assert.Equal(
            (64, "", $"agent: another agent already writes {scratch["tcp_connections.prom"]}; stop it, or give this one another --textfile-directory\n"),
            await AgentProcess.Run(["--textfile-directory", scratch.Path]));
        Assert.False(first.HasExited);
        Assert.True(File.Exists(scratch["tcp_connections.prom"]));
    }

    [Fact]
    public async Task File_and_lock_of_a_killed_agent_are_taken_over()
    {
        using Scratch scratch = new();
        using (AgentProcess killed = AgentProcess.Start(["--textfile-directory", scratch.Path]))
        {
            await Poll.Until(() => File.Exists(scratch["tcp_connections.prom"]), "the first agent publishes");
            killed.Signal(9);
            await killed.Exit();
        }

        string left = Read(scratch["tcp_connections.prom"]);
        Assert.NotEqual("", left);
        await File.WriteAllTextAsync(scratch["tcp_connections.prom.x.tmp"], "", TestContext.Current.CancellationToken);
        using AgentProcess next = AgentProcess.Start(["--textfile-directory", scratch.Path]);
        await Poll.Until(() => Read(scratch["tcp_connections.prom"]) != left, "the next agent publishes");
        Assert.False(File.Exists(scratch["tcp_connections.prom.x.tmp"]));
        next.Signal(15);
        Assert.Equal(0, await next.Exit());
        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch.Path));
    }

    [Fact]
    public async Task Daemon_without_textfile_and_endpoint_logs_that_nothing_is_published()
    {
        using AgentProcess agent = AgentProcess.Start(["--textfile-directory", "none"]);
        await Poll.Until(() => agent.Errors.Contains("nothing is published: the textfile and the endpoint are off"), "the warning is logged");
        agent.Signal(15);
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
}
