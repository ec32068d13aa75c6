using System.Globalization;
using Testing;

namespace Agent.Tests.Program;

/// <summary>SIGHUP from the first moment at which the agent handles it.</summary>
[StartsProgram]
public sealed class EarlyHangUpTests : IDisposable
{
    private const int SIGHUP = 1;
    private const int Times = 200;

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Agent_with_a_configuration_file_survives_early_hang_ups()
    {
        await File.WriteAllTextAsync(
            _scratch["agent.json"], """{ "watches": [{ "name": "web", "ports": [443] }] }""", TestContext.Current.CancellationToken);
        using AgentProcess agent = AgentProcess.Start(["--config", _scratch["agent.json"], "--textfile-directory", _scratch["out"]]);
        await CatchesHangUp(agent);
        for (int i = 0; i < Times; i++)
        {
            agent.Signal(SIGHUP);
        }

        await Poll.Until(() => File.Exists(_scratch["out/tcp_connections.prom"]), "the agent publishes");
        agent.Signal(NativeMethods.SIGTERM);
        Assert.Equal(0, await agent.Exit());
    }

    /// <summary>The agent waits for its configuration, and the daemon has no signal handler yet.</summary>
    [Theory]
    [InlineData("exec \"$@\" --config \"$FIFO\"")]
    [InlineData("export AGENT_CONFIG=\"$FIFO\"; exec \"$@\"")]
    [InlineData("exec \"$@\" --interval 1s --config \"$FIFO\"")]
    public async Task Hang_up_before_the_settings_are_read_is_remembered(string command)
    {
        string fifo = _scratch["fifo"];
        await Tool.Run("mkfifo", [fifo]);
        FileStream config = new(fifo, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using AgentProcess agent = AgentProcess.Start(
            ["--textfile-directory", _scratch["out"]], new Dictionary<string, string> { ["FIFO"] = fifo }, ["sh", "-c", command, "sh"]);
        await Poll.Until(
            () => Directory.EnumerateFiles($"/proc/{agent.Id}/fd").Any(file => new FileInfo(file).LinkTarget == fifo), "the agent opens the pipe of its configuration");
        agent.Signal(SIGHUP);
        agent.Signal(SIGHUP);

        await config.WriteAsync("""{ "watches": [{ "name": "web", "ports": [443] }] }"""u8.ToArray(), TestContext.Current.CancellationToken);
        await config.DisposeAsync();

        // A pipe cannot be read again, so SIGHUP stops the agent, and it stops cleanly.
        Assert.Equal(0, await agent.Exit());
        Assert.True(agent.Errors.TrimEnd().Split('\n').Length == 1, agent.Errors);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch["out"]));
    }

    private static Task CatchesHangUp(AgentProcess agent) => Poll.Until(() => CaughtSignals(agent.Id) % 2 == 1, "the agent catches SIGHUP");

    private static ulong CaughtSignals(int processId)
    {
        const string Name = "SigCgt:\t";
        string line = File.ReadLines($"/proc/{processId}/status").First(line => line.StartsWith(Name, StringComparison.Ordinal));
        return ulong.Parse(line.AsSpan(Name.Length), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
