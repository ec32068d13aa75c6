using System.Text.RegularExpressions;
using Testing;

namespace Integration.Consul;

/// <summary>The Consul that the tests run: the one in PATH, or else the one in the cache of <c>integration/Consul/fetch</c>.</summary>
internal static partial class ConsulProgram
{
    private static readonly Lazy<Task<(int ExitCode, string Output)>> Fetched = new(() => Tool.Run(Repository.PathOf("integration/Consul/fetch"), []));

    /// <returns>The full path. Without a Consul the test is skipped; if CI is set, it fails.</returns>
    internal static async Task<string> RequireAsync()
    {
        (int exitCode, string output) = await Fetched.Value;
        string[] lines = output.TrimEnd().Split('\n');
        Requires.That(exitCode == 0, lines[^1]);
        return lines[0];
    }

    /// <summary>
    /// Whether it answers 429 to a client at the limit, as Consul does from 1.9.0 on. Older ones close the connection without a response.
    /// </summary>
    internal static async Task<bool> Answers429Async(string program)
    {
        (_, string output) = await Tool.Run(program, ["version"]);
        Match version = FirstLine().Match(output);
        Assert.True(version.Success, output);
        return new Version(version.Groups["number"].Value) >= new Version(1, 9);
    }

    [GeneratedRegex(@"\AConsul v(?<number>[0-9]+\.[0-9]+)")]
    private static partial Regex FirstLine();
}
