using Testing;

namespace Agent.Tests.Program;

/// <summary>The program under a limit for the size of files (ulimit -f). It must behave as on a full disk.</summary>
[StartsProgram]
public sealed class FileSizeLimitTests : IDisposable
{
    private const string Reason = "File too large; raise the limit for the size of files (ulimit -f, LimitFSIZE=)";

    // Otherwise the runtime with a JIT compiler maps its memory from a file and does not start under such a limit.
    private static readonly Dictionary<string, string> Variables = new() { ["DOTNET_EnableWriteXorExecute"] = "0" };

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(2000)]
    public async Task Daemon_reports_the_limit_keeps_the_old_file_and_works_again_when_it_is_raised(int bytes)
    {
        string prlimit = Requires.Program("prlimit", "util-linux");
        string file = _scratch["out/tcp_connections.prom"];
        using AgentProcess agent = AgentProcess.Start(["--interval", "20ms", "--textfile-directory", _scratch["out"]]);
        await Poll.Until(() => File.Exists(file), "the agent publishes");

        await Limit($"{bytes}:");
        await Poll.Until(() => agent.Errors.Contains("cannot write "), "the error is logged");
        Assert.Contains($"cannot write {file}: {Reason}; trying again", agent.Errors);
        string text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.Contains("sockdiag_census_success 1\n", text);
        Assert.EndsWith("\n", text);

        await Limit("unlimited:");
        await Poll.Until(() => agent.Errors.Contains($"can write {file} again"), "the recovery is logged");
        Assert.Equal(3, agent.Errors.TrimEnd().Split('\n').Length);
        agent.Signal(NativeMethods.SIGTERM);
        Assert.Equal(0, await agent.Exit());
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch["out"]));

        async Task Limit(string limit)
        {
            (int exitCode, string complaint) = await Tool.Run(prlimit, ["--pid", $"{agent.Id}", $"--fsize={limit}"]);
            Assert.True(exitCode == 0, complaint);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(512)]
    public async Task Census_whose_textfile_is_too_large_is_an_error_of_one_line(int bytes)
    {
        (int exitCode, string output, string errors) = await AgentProcess.Run(
            ["--once", "--output", "check", "--textfile-directory", _scratch["out"]], Variables, Limited(bytes));
        Assert.Equal((64, "", $"agent: cannot write {_scratch["out/tcp_connections.prom"]}: {Reason}\n"), (exitCode, output, errors));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch["out"]));
    }

    [Theory]
    [InlineData("--once", "--output", "prom")]
    [InlineData("--once", "--output", "json")]
    [InlineData("check-config", "agent.json")]
    public async Task Output_that_is_too_large_for_its_file_is_an_error_of_one_line(params string[] arguments)
    {
        await File.WriteAllTextAsync(
            _scratch["agent.json"], """{ "watches": [{ "name": "web", "ports": [443] }] }""", TestContext.Current.CancellationToken);
        (int exitCode, _, string errors) = await AgentProcess.Run(
            arguments, Variables, [.. Limited(16), "sh", "-c", $"cd {_scratch.Path} && exec \"$@\" > output", "sh"]);
        Assert.Equal((3, $"agent: cannot write to standard output: {Reason}\n"), (exitCode, errors));
    }

    [Fact]
    public async Task Error_that_is_too_large_for_its_file_leaves_the_exit_code()
    {
        (int exitCode, string output, _) = await AgentProcess.Run(
            ["--nope"], Variables, [.. Limited(0), "sh", "-c", $"exec \"$@\" 2> {_scratch["errors"]}", "sh"]);
        Assert.Equal((64, ""), (exitCode, output));
    }

    private static string[] Limited(int bytes) => [Requires.Program("prlimit", "util-linux"), $"--fsize={bytes}:"];
}
