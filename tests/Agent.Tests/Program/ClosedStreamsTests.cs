using Testing;

namespace Agent.Tests.Program;

/// <summary>The program that is started with standard input, output or error closed.</summary>
[StartsProgram]
public sealed class ClosedStreamsTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public static TheoryData<string> Combinations =>
        ["0<&-", "1>&-", "2>&-", "0<&- 1>&-", "0<&- 2>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"];

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task Daemon_counts_without_its_standard_streams(string closed)
    {
        using AgentProcess agent = AgentProcess.Start(
            ["--interval", "20ms", "--textfile-directory", _scratch["out"]], through: Closing(closed));
        string file = _scratch["out/tcp_connections.prom"];
        await Poll.Until(() => File.Exists(file), "the agent publishes");
        DateTime first = File.GetLastWriteTimeUtc(file);
        await Poll.Until(() => File.GetLastWriteTimeUtc(file) > first, "the agent continues");
        foreach (char number in closed.Where(char.IsAsciiDigit))
        {
            Assert.Equal("/dev/null", new FileInfo($"/proc/{agent.Id}/fd/{number}").LinkTarget);
        }

        agent.Signal(NativeMethods.SIGTERM);
        Assert.Equal(0, await agent.Exit());
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public async Task Census_that_cannot_be_printed_is_an_error(string closed)
    {
        (int exitCode, string output, string errors) = await AgentProcess.Run(["--once", "--output", "check"], through: Closing(closed));

        bool isPrinted = !closed.Contains('1');
        Assert.Equal(isPrinted ? 0 : 3, exitCode);
        Assert.Equal(isPrinted, output.StartsWith("CONSUL OK", StringComparison.Ordinal));
        Assert.Equal(!isPrinted && !closed.Contains('2'), errors.StartsWith("agent: cannot write to standard output: ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(3, "--version")]
    [InlineData(3, "--help")]
    [InlineData(64, "--nope")]
    [InlineData(1, "health", "--textfile-directory", "/nowhere")]
    public async Task Commands_print_one_error_line_without_standard_input_and_output(int exitCode, params string[] arguments)
    {
        (int actual, string output, string errors) = await AgentProcess.Run(arguments, through: Closing("0<&- 1>&-"));
        Assert.Equal((exitCode, ""), (actual, output));
        Assert.StartsWith("agent: ", Assert.Single(errors.TrimEnd().Split('\n')));
    }

    [Fact]
    public async Task Arguments_and_variables_are_the_same_after_the_second_start()
    {
        await File.WriteAllTextAsync(
            _scratch["a b.json"], """{ "watches": [{ "name": "ünusual", "ports": [8500] }] }""", TestContext.Current.CancellationToken);
        Dictionary<string, string> variables = new() { ["AGENT_CONFIG"] = _scratch["a b.json"], ["UPDATE_DELAY"] = "" };
        (int exitCode, string output, string errors) = await AgentProcess.Run(
            ["--once", "--output", "prom", "--filter", "dst 127.0.0.0/8 and not dport = :443"], variables, Closing("0<&-"));
        Assert.Equal((0, ""), (exitCode, errors));
        Assert.Contains("tcp_clients{watch=\"ünusual\"} 0\n", output);
    }

    private static string[] Closing(string streams) => ["sh", "-c", $"exec \"$@\" {streams}", "sh"];
}
