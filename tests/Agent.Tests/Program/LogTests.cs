using Testing;

namespace Agent.Tests.Program;

/// <summary>Lines of the log in systemd's journal and elsewhere.</summary>
[StartsProgram]
public sealed class LogTests : IDisposable
{
    // The value that systemd would set for standard error, which is a pipe here.
    private const string Own = "$(stat -L -c %d:%i /proc/self/fd/2)";

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Lines_in_the_journal_begin_with_their_priority_and_have_no_time()
    {
        string[] lines = await LinesOfDaemon(Own);
        Assert.StartsWith("<6>Agent.Hosting.AgentService[10] agent ", lines[0]);
        Assert.StartsWith("<3>Agent.Hosting.Supervisor[1] cannot write ", lines[1]);
        Assert.Equal(2, lines.Length);
    }

    [Theory]
    [InlineData("8:1")]
    [InlineData("")]
    [InlineData("no stream")]
    [InlineData("$(stat -L -c %d:%i /proc/self/fd/1)")]
    [InlineData("$(stat -L -c 1%d:%i /proc/self/fd/2)")]
    [InlineData("$(stat -L -c %d:%i0 /proc/self/fd/2)")]
    [InlineData("$(stat -L -c %d:%i /proc/self/fd/2):0")]
    public async Task Lines_elsewhere_begin_with_the_time(string stream)
    {
        string[] lines = await LinesOfDaemon(stream);
        Assert.Matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z info: Agent.Hosting.AgentService\\[10\\] agent ", lines[0]);
        Assert.Matches("^[0-9TZ:-]{20} fail: Agent.Hosting.Supervisor\\[1\\] cannot write ", lines[1]);
        Assert.Equal(2, lines.Length);
    }

    [Theory]
    [InlineData("<3>agent: ", Own)]
    [InlineData("agent: ", "8:1")]
    public async Task Error_at_the_start_has_a_priority_in_the_journal_alone(string begin, string stream)
    {
        (int exitCode, _, string errors) = await AgentProcess.Run(["--nope"], through: With(stream));
        Assert.Equal((64, $"{begin}Unrecognized command or argument '--nope'; 'agent --help' shows the options\n"), (exitCode, errors));
    }

    private static string[] With(string stream) => ["sh", "-c", $"export JOURNAL_STREAM=\"{stream}\"; exec \"$@\"", "sh"];

    private async Task<string[]> LinesOfDaemon(string stream)
    {
        await File.WriteAllTextAsync(_scratch["file"], "", TestContext.Current.CancellationToken);
        using AgentProcess agent = AgentProcess.Start(
            ["--interval", "20ms", "--textfile-directory", _scratch["file/out"]], through: With(stream));
        await Poll.Until(() => agent.Errors.Contains("cannot write"), "the error is logged");
        agent.Signal(NativeMethods.SIGTERM);
        Assert.Equal(0, await agent.Exit());
        return agent.Errors.TrimEnd().Split('\n');
    }
}
