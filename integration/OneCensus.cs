using Testing;

namespace Integration;

/// <summary><c>agent --once</c>, as operators call it from outside the namespace.</summary>
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
