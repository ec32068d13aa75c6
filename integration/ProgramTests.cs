using Testing;

namespace Integration;

[StartsProgram]
public sealed class ProgramTests
{
    [Fact]
    public async Task Version_prints_only_the_version()
    {
        (int exitCode, string output, string errors) = await AgentProcess.Run(["--version"]);

        Assert.Matches(@"\A[0-9]+\.[0-9]+\.[0-9]+[^\s]*\n\z", output);
        Assert.Equal("", errors);
        Assert.Equal(0, exitCode);
    }
}
