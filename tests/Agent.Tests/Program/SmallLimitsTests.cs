using Testing;

namespace Agent.Tests.Program;

/// <summary>The program where the kernel gives it nothing more. The limit comes when the program runs: .NET could not start under all of them.</summary>
[StartsProgram]
public sealed class SmallLimitsTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(1, "--once", "--output", "check")]
    [InlineData(3, "--once", "--output", "json")]
    [InlineData(3, "--once", "--output", "prom", "--textfile-directory", "out")]
    [InlineData(4, "--once", "--output", "table")]
    public async Task Census_without_descriptors_ends_with_lines_of_its_own(int descriptors, params string[] arguments)
    {
        string fifo = _scratch["fifo"];
        await Tool.Run("mkfifo", [fifo]);
        FileStream config = new(fifo, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using AgentProcess agent = AgentProcess.Start(
            [.. arguments, "--config", fifo], through: ["sh", "-c", $"cd {_scratch.Path} && exec \"$@\"", "sh"]);
        await Poll.Until(
            () => Directory.EnumerateFiles($"/proc/{agent.Id}/fd").Any(file => new FileInfo(file).LinkTarget == fifo), "it waits for its configuration");
        (int limited, string complaint) = await Tool.Run(
            Requires.Program("prlimit", "util-linux"), ["--pid", $"{agent.Id}", $"--nofile={descriptors}:"]);
        Assert.True(limited == 0, complaint);

        await config.WriteAsync("""{ "watches": [{ "name": "web", "ports": [443] }] }"""u8.ToArray(), TestContext.Current.CancellationToken);
        await config.DisposeAsync();

        Assert.Equal(3, await agent.Exit());
        Assert.All(agent.Errors.TrimEnd().Split('\n'), line => Assert.StartsWith("agent: ", line));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public async Task Daemon_without_descriptors_reports_it_and_works_again_when_there_are_some(int descriptors)
    {
        string file = _scratch["out/tcp_connections.prom"];
        using AgentProcess agent = AgentProcess.Start(["--interval", "20ms", "--textfile-directory", _scratch["out"]]);
        await Poll.Until(() => File.Exists(file), "it publishes");

        await Limit($"{descriptors}:");
        await Poll.Until(() => agent.Errors.Contains($"cannot write {file}: "), "it is reported");
        await Limit("1024:");
        await Poll.Until(() => agent.Errors.Contains($"can write {file} again"), "it works again");
        agent.Signal(NativeMethods.SIGTERM);
        Assert.Equal(0, await agent.Exit());

        async Task Limit(string limit)
        {
            (int exitCode, string complaint) = await Tool.Run(
                Requires.Program("prlimit", "util-linux"), ["--pid", $"{agent.Id}", $"--nofile={limit}"]);
            Assert.True(exitCode == 0, complaint);
        }
    }
}
