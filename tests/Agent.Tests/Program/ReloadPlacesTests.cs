using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Testing;

namespace Agent.Tests.Program;

/// <summary>Reloads that move the endpoint or the textfile, to usable and to unusable places.</summary>
[StartsProgram]
public sealed class ReloadPlacesTests : IDisposable
{
    private const int SIGHUP = 1;
    private const int SIGTERM = 15;
    private const string Refused = "the configuration stays as it was: ";

    private readonly Scratch _scratch = new();
    private readonly int _port = FreePort.Next();
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.Zero });

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string Config => _scratch["agent.json"];

    public void Dispose()
    {
        _client.Dispose();
        _scratch.Dispose();
    }

    [Theory]
    [InlineData("127.0.0.1:OTHER", "127.0.0.1:OTHER", "Address already in use")]
    [InlineData("127.0.0.1:OTHER", "127.0.0.1:PORT 127.0.0.1:OTHER", "Address already in use")]
    [InlineData("127.0.0.1:OTHER", "0.0.0.0:OTHER", "Address already in use")]
    [InlineData("127.0.0.2:PORT", "0.0.0.0:PORT", "Address already in use")]
    [InlineData("127.0.0.2:PORT", "[::]:PORT", "Address already in use")]
    [InlineData("127.0.0.2:PORT", "127.0.0.1:OTHER 0.0.0.0:PORT", "Address already in use")]
    [InlineData(null, "192.0.2.1:PORT", "no interface here has this address")]
    [InlineData(null, "127.0.0.1:PORT [2001:db8::1]:OTHER", "no interface here has this address")]
    public async Task Address_that_cannot_be_bound_is_rejected_and_the_endpoint_continues(string? taken, string listen, string reason)
    {
        int other = FreePort.Next();
        using TcpListener? listener = taken is null ? null : new TcpListener(IPEndPoint.Parse(Fill(taken, other)));
        listener?.Start();
        Write(["127.0.0.1:" + _port]);
        using AgentProcess agent = AgentProcess.Start(["--config", Config]);
        await Poll.Until(() => Answers("127.0.0.1"), $"the endpoint answers; the log: {agent.Errors}");

        Write(Fill(listen, other).Split(' '));
        agent.Signal(SIGHUP);
        await Poll.Until(() => agent.Errors.Contains(Refused), $"the reload is rejected; the log: {agent.Errors}");
        string line = Assert.Single(agent.Errors.Split('\n'), line => line.Contains(Refused));
        Assert.Contains($"{Refused}cannot listen at http://", line);
        Assert.Contains(reason, line);
        await Poll.Until(() => Answers("127.0.0.1"), "the endpoint continues");
        string metrics = await _client.GetStringAsync(new Uri($"http://127.0.0.1:{_port}/metrics"), Cancelled);
        Assert.Contains("\nsockdiag_config_last_reload_successful 0\n", metrics);

        // The address is free now, so the same file is valid.
        if (listener is not null)
        {
            listener.Stop();
            agent.Signal(SIGHUP);
            await Poll.Until(() => agent.Errors.Contains("the configuration was reloaded"), $"the reload succeeds; the log: {agent.Errors}");
        }

        await StopsCleanly(agent);
    }

    [Theory]
    [InlineData("127.0.0.1:PORT", "0.0.0.0:PORT")]
    [InlineData("127.0.0.1:PORT", "[::]:PORT")]
    [InlineData("127.0.0.1:PORT", "127.0.0.2:PORT 127.0.0.1:PORT")]
    [InlineData("0.0.0.0:PORT", "127.0.0.2:PORT")]
    [InlineData("[::]:PORT", "127.0.0.2:PORT 127.0.0.1:PORT")]
    [InlineData("127.0.0.1:PORT", "127.0.0.2:PORT")]
    public async Task Endpoint_moves_to_addresses_that_overlap_its_old_ones(string before, string after)
    {
        Requires.That(Socket.OSSupportsIPv6 || !(before + after).Contains("::"), "there is no IPv6 here");
        Write([Fill(before, 0)]);
        using AgentProcess agent = AgentProcess.Start(["--config", Config]);
        await Poll.Until(() => Answers("127.0.0.1"), $"the endpoint answers; the log: {agent.Errors}");
        Write(Fill(after, 0).Split(' '));
        agent.Signal(SIGHUP);
        await Poll.Until(() => agent.Errors.Contains("the configuration was reloaded"), $"the reload succeeds; the log: {agent.Errors}");
        await Poll.Until(() => Answers("127.0.0.2"), "the endpoint answers at its new address");
        Assert.Equal(!after.StartsWith("127.0.0.2", StringComparison.Ordinal) || after.Contains(' '), await Answers("127.0.0.1"));
        Assert.DoesNotContain(Refused, agent.Errors);
        await StopsCleanly(agent);
    }

    [Theory]
    [InlineData("out/")]
    [InlineData("/out")]
    [InlineData("./out")]
    [InlineData("out/../out/.")]
    [InlineData("link")]
    [InlineData("link/")]
    [InlineData("parent/out")]
    [InlineData("relative")]
    public async Task Other_spelling_of_the_directory_is_the_same_textfile(string spelling)
    {
        Write(directory: _scratch["out"]);
        using AgentProcess agent = AgentProcess.Start(["--config", Config]);
        string file = _scratch["out/tcp_connections.prom"];
        await Poll.Until(() => File.Exists(file), $"the agent publishes; the log: {agent.Errors}");
        File.CreateSymbolicLink(_scratch["link"], "out");
        File.CreateSymbolicLink(_scratch["parent"], ".");

        Write(directory: spelling == "relative" ? Path.GetRelativePath(Environment.CurrentDirectory, _scratch["out"]) : $"{_scratch.Path}/{spelling}");
        agent.Signal(SIGHUP);
        await Poll.Until(() => agent.Errors.Contains("the configuration was reloaded"), $"the reload succeeds; the log: {agent.Errors}");
        await Poll.Until(() => Published(file), "the textfile in that directory is written");
        string[] files = [.. Directory.EnumerateFiles(_scratch["out"]).Where(path => !path.EndsWith(".tmp", StringComparison.Ordinal)).Order()];
        Assert.Equal([file, $"{file}.lock"], files);

        // The lock still keeps other agents away.
        (int exitCode, string _, string errors) = await AgentProcess.Run(["--textfile-directory", _scratch["out"]]);
        Assert.Equal(64, exitCode);
        Assert.Contains("another agent already writes", errors);
        await StopsCleanly(agent);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch["out"]));
    }

    [Fact]
    public async Task Symlink_may_be_removed_after_the_configuration_names_its_target()
    {
        Directory.CreateDirectory(_scratch["out"]);
        File.CreateSymbolicLink(_scratch["link"], "out");
        Write(directory: _scratch["link"]);
        using AgentProcess agent = AgentProcess.Start(["--config", Config]);
        string file = _scratch["out/tcp_connections.prom"];
        await Poll.Until(() => File.Exists(file), $"the agent publishes; the log: {agent.Errors}");
        Write(directory: _scratch["out"]);
        agent.Signal(SIGHUP);
        await Poll.Until(() => agent.Errors.Contains("the configuration was reloaded"), $"the reload succeeds; the log: {agent.Errors}");
        File.Delete(_scratch["link"]);
        await Poll.Until(() => Published(file), "the textfile in that directory is written");
        await StopsCleanly(agent);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch["out"]));
        Assert.False(Directory.Exists(_scratch["link"]));
    }

    [Fact]
    public async Task Directory_of_another_agent_is_rejected()
    {
        Directory.CreateDirectory(_scratch["one"]);
        Directory.CreateDirectory(_scratch["two"]);
        using AgentProcess other = AgentProcess.Start(["--textfile-directory", _scratch["two"]]);
        await Poll.Until(() => File.Exists(_scratch["two/tcp_connections.prom"]), "another agent writes there");
        Write(directory: _scratch["one"]);
        using AgentProcess agent = AgentProcess.Start(["--config", Config]);
        await Poll.Until(() => File.Exists(_scratch["one/tcp_connections.prom"]), $"the agent publishes; the log: {agent.Errors}");
        Write(directory: _scratch["two/"]);
        agent.Signal(SIGHUP);
        await Poll.Until(() => agent.Errors.Contains($"{Refused}another agent already writes"), $"the reload is rejected; the log: {agent.Errors}");
        await StopsCleanly(agent);
    }

    private static async Task StopsCleanly(AgentProcess agent)
    {
        agent.Signal(SIGTERM);
        Assert.Equal(0, await agent.Exit());
    }

    /// <summary>Whether the file is written within a second from now.</summary>
    private static bool Published(string file)
    {
        DateTime before = File.GetLastWriteTimeUtc(file);
        return SpinWait.SpinUntil(() => File.GetLastWriteTimeUtc(file) > before, TimeSpan.FromSeconds(1));
    }

    private string Fill(string addresses, int other) => addresses.Replace("PORT", $"{_port}").Replace("OTHER", $"{other}");

    private async Task<bool> Answers(string address)
    {
        try
        {
            return await _client.GetStringAsync(new Uri($"http://{address}:{_port}/health"), Cancelled) == "alive\n";
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private void Write(string[]? listen = null, string directory = "none")
    {
        string endpoint = listen is null ? "" : $$""", "endpoint": { "listen": {{JsonSerializer.Serialize(listen)}} }""";
        File.WriteAllText(_scratch["next"], $$"""{ "interval": "20ms", "textfileDirectory": "{{directory}}"{{endpoint}} }""");
        File.Move(_scratch["next"], Config, overwrite: true);
    }
}
