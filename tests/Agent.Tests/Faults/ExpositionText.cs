using System.Text.RegularExpressions;
using Agent.Metrics;

namespace Agent.Tests.Faults;

/// <summary>Checks of the published text.</summary>
internal static partial class ExpositionText
{
    // Without the families that need a service with a limit, or a total limit, because there is none here.
    private static readonly string[] Families =
    [
        .. MetricFamilies.All.Except([MetricFamilies.TcpLimitRefused, MetricFamilies.TcpHeldConnectionsLimit]).Select(family => family.Name),
    ];

    /// <summary>Whether the text is that of a successful census that counted this many IPv4 connections to port 8500.</summary>
    internal static bool Counts(string text, int connections) =>
        text.Contains($"tcp_connections{{port=\"8500\",protocol=\"ipv4\"}} {connections}\n", StringComparison.Ordinal)
        && text.Contains("sockdiag_census_success 1\n", StringComparison.Ordinal);

    /// <summary>Fails if <see cref="Counts"/> is false.</summary>
    internal static void CheckConnections(string text, int connections) =>
        Assert.True(Counts(text, connections), $"not {connections} connections in:\n{text}");

    /// <summary>Fails if the text is not the complete text of a successful census: every family in its order with its samples, and a line feed at the end.</summary>
    internal static void CheckWhole(string text, int connections)
    {
        CheckConnections(text, connections);
        Assert.EndsWith("\n", text);
        string[] lines = text[..^1].Split('\n');
        Assert.All(lines, line => Assert.Matches(Line(), line));
        Assert.Equal(MetricFamilies.All.Select(family => family.Name), TypeLines().Matches(text).Select(match => match.Groups[1].Value));
        Assert.Equal(Families, SampleNames().Matches(text).Select(match => match.Value).Distinct());
        Assert.StartsWith(MetricFamilies.All[^1].Name + "{", lines[^1]);
    }

    internal static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            return "";
        }
    }

    [GeneratedRegex("""^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z]+="[^"]*",?)+\})? [0-9.E+-]+)$""")]
    private static partial Regex Line();

    [GeneratedRegex("^[a-z_]+", RegexOptions.Multiline)]
    private static partial Regex SampleNames();

    [GeneratedRegex("^# TYPE ([a-z_]+) (?:gauge|counter)$", RegexOptions.Multiline)]
    private static partial Regex TypeLines();
}
