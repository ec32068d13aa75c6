using Testing;

namespace Integration;

/// <summary><c>promtool check metrics</c>: Prometheus' own check of syntax, names and help texts.</summary>
[StartsProgram]
public sealed class PromtoolTests
{
    [Fact]
    public async Task Promtool_accepts_a_census()
    {
        using TestNamespace @namespace = new();
        using PortOpener opener = await PortOpener.Start(@namespace, "--dual-stack", "-n", "3", "--unaccepted", "1");
        await opener.WaitForLine("left 1 connections unaccepted");

        (int exitCode, string output, _) = await AgentProcess.Run(["--once", "--output", "prom", "--netns", @namespace.Path]);

        Assert.Equal(0, exitCode);
        // Also checks the metric families of the listening socket.
        Assert.Contains("\ntcp_accept_queue_limit{", output, StringComparison.Ordinal);
        await AssertAccepted(output);
    }

    [Fact]
    public async Task Promtool_accepts_a_failed_census()
    {
        (int exitCode, string output, _) = await AgentProcess.Run(["--once", "--output", "prom", "--netns", "no-such-namespace"]);

        Assert.Equal(3, exitCode);
        Assert.Contains("sockdiag_census_success 0", output, StringComparison.Ordinal);
        Assert.DoesNotContain("\ntcp_", output, StringComparison.Ordinal);
        await AssertAccepted(output);
    }

    private static async Task AssertAccepted(string exposition) =>
        Assert.Equal((0, ""), await Tool.Run(Requires.Program("promtool", "prometheus"), ["check", "metrics"], exposition));
}
