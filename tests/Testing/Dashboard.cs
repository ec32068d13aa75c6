using System.Text.Json;

namespace Testing;

/// <summary>The Grafana dashboard in deploy/.</summary>
internal static class Dashboard
{
    internal const string File = "deploy/grafana/dashboard.json";

    internal static JsonElement Read() => JsonElement.Parse(Repository.Read(File));

    /// <summary>The panels without the rows, which only group them.</summary>
    internal static IEnumerable<JsonElement> Panels() =>
        Read().GetProperty("panels").EnumerateArray().Where(panel => panel.GetProperty("type").GetString() != "row");

    /// <summary>The queries of Grafana if all hosts and watches are chosen.</summary>
    internal static IEnumerable<string> Expressions() => Panels()
        .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
        .Select(target => target.GetProperty("expr").GetString()!
            .Replace("$instance", ".*", StringComparison.Ordinal)
            .Replace("$watch", ".*", StringComparison.Ordinal)
            .Replace("$__range", "3h", StringComparison.Ordinal));

    /// <summary>The expressions that have a value only where databases are configured.</summary>
    internal static IEnumerable<string> DatabaseExpressions() => Expressions().Where(IsOfDatabases);

    /// <summary>The expressions that have a value without databases.</summary>
    internal static IEnumerable<string> ConnectionExpressions() => Expressions().Where(expression => !IsOfDatabases(expression));

    private static bool IsOfDatabases(string expression) =>
        expression.Contains("pg_", StringComparison.Ordinal) || expression.Contains("exporter_", StringComparison.Ordinal);
}
