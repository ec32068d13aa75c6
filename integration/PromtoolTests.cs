using Testing;

namespace Integration;

/// <summary>Prometheus' own check of syntax, names and help texts.</summary>
[StartsProgram]
public sealed class PromtoolTests
{
    [Fact]
    public async Task Promtool_finds_nothing_wrong_with_a_census()
    {
        using TestNamespace @namespace = new();
        using PortOpener opener = await PortOpener.Start(@namespace, "--dual-stack", "-n", "3", "--unaccepted", "1");
        await opener.Says("left 1 connections unaccepted");

        (int exitCode, string output, _) = await AgentProcess.Run(["--once", "--output", "prom", "--netns", @namespace.Path]);

        Assert.Equal(0, exitCode);
        // All there is to check, the listener's families too.
        Assert.Contains("\ntcp_accept_queue_limit{", output, StringComparison.Ordinal);
        await AssertNothingFound(output);
    }

    [Fact]
    public async Task Promtool_finds_nothing_wrong_with_a_census_that_failed()
    {
        (int exitCode, string output, _) = await AgentProcess.Run(["--once", "--output", "prom", "--netns", "no-such-namespace"]);

        Assert.Equal(3, exitCode);
        Assert.Contains("sockdiag_census_success 0", output, StringComparison.Ordinal);
        Assert.DoesNotContain("\ntcp_", output, StringComparison.Ordinal);
        await AssertNothingFound(output);
    }

    private static async Task AssertNothingFound(string exposition) =>
        Assert.Equal((0, ""), await Tool.Run(Requires.Program("promtool", "prometheus"), ["check", "metrics"], exposition));
}
