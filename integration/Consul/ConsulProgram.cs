using Testing;

namespace Integration.Consul;

/// <summary>The Consul that the tests run: that of PATH, else one that <c>integration/Consul/fetch</c> has in its cache.</summary>
internal static class ConsulProgram
{
    private static readonly Lazy<Task<(int ExitCode, string Output)>> Fetched = new(() => Tool.Run(Repository.PathOf("integration/Consul/fetch"), []));

    /// <returns>Its full path. Without one the test is skipped, and fails where CI is set.</returns>
    internal static async Task<string> RequireAsync()
    {
        (int exitCode, string output) = await Fetched.Value;
        string[] lines = output.TrimEnd().Split('\n');
        Requires.That(exitCode == 0, lines[^1]);
        return lines[0];
    }
}
