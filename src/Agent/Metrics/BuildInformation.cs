using System.Reflection;

namespace Agent.Metrics;

/// <summary>The version of the agent.</summary>
/// <param name="Version">The release, as in CHANGELOG.md.</param>
/// <param name="Revision">The commit that it was built from; empty if unknown.</param>
internal sealed record BuildInformation(string Version, string Revision)
{
    internal static readonly BuildInformation Current = Parse(
        typeof(BuildInformation).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "");

    /// <summary>Parses an informational version, "1.2.3+commit".</summary>
    internal static BuildInformation Parse(string informationalVersion)
    {
        int plus = informationalVersion.IndexOf('+', StringComparison.Ordinal);
        return plus < 0
            ? new BuildInformation(informationalVersion, "")
            : new BuildInformation(informationalVersion[..plus], informationalVersion[(plus + 1)..]);
    }
}
