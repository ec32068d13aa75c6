using Testing;

namespace Integration;

/// <summary>One census by <c>agent --once --netns</c>, run outside the network namespace that it counts.</summary>
internal static class OneCensus
{
    /// <returns>The lines that it printed.</returns>
    internal static async Task<IReadOnlyList<string>> Of(TestNamespace @namespace, params IEnumerable<string> more)
    {
        (int exitCode, string output, string errors) = await AgentProcess.Run(
            ["--once", "--output", "prom", "--netns", @namespace.Path, .. more]);
        Assert.Equal("", errors);
        Assert.Equal(0, exitCode);
        return output.Split('\n');
    }
}
