using Agent.Postgres;

namespace Agent.Configuration;

/// <summary>
/// The names of metrics that are taken: those of the agent, those of programs whose metrics Prometheus stores beside the agent's, and those of the
/// custom queries. A metric takes more than its own name: a histogram has <c>NAME_bucket</c>, and a counter <c>NAME_total</c> is called
/// <c>NAME</c> in OpenMetrics.
/// </summary>
internal sealed class MetricNames
{
    // The agent's own, the process and the runtime; then node_exporter, whose textfile the agent may write, Prometheus and its client libraries.
    private static readonly string[] TakenPrefixes =
        ["tcp_", "sockdiag_", "process_", "dotnet_", "exporter_", "node_", "go_", "promhttp_", "scrape_"];

    // The agent's own metrics of databases. Other names that begin with pg_ are free.
    private static readonly string[] TakenGauges =
    [
        "up",
        "pg_up", "pg_scrape_success", "pg_scrape_duration_seconds", "pg_active_connections", "pg_database_size_bytes", "pg_connections",
        "pg_login_success", "pg_login_duration_seconds", "pg_connections_limit", "pg_connections_usable_limit", "pg_connections_reserved",
        "pg_database_connections_limit", "pg_role_connections_limit", "pg_role_connections", "pg_client_connections",
        "pg_connections_without_backend", "pg_idle_in_transaction_seconds_max", "pg_transaction_seconds_max", "pg_full", "pg_server_info",
        "pg_statistics_restricted", "pg_quarantined", "pg_query_success", "pg_query_duration_seconds", "pg_query_series",
        "pg_query_last_success_timestamp_seconds", "pg_query_quarantined",
    ];

    private const string TakenCounter = "pg_scrape_errors_total";

    // The names that are taken, each with the metric and its place; no place for a metric of the agent.
    private readonly Dictionary<string, (string Metric, string? Place)> _taken = [];

    internal MetricNames()
    {
        foreach (string name in TakenGauges)
        {
            _taken.Add(name, (name, null));
        }

        foreach (string name in NamesOf(TakenCounter, QueryType.Counter))
        {
            _taken.Add(name, (TakenCounter, null));
        }
    }

    /// <summary>Checks the name of a metric by the rules of Prometheus.</summary>
    /// <exception cref="FormatException">It is no name; the message is one line.</exception>
    internal static string Check(string text) =>
        text.Contains(':') && IsName(text.Replace(':', '_'))
            ? throw new FormatException($"'{text}' has a colon, which is for recording rules; write _ instead")
            : IsName(text) ? text
            : throw new FormatException($"'{text}' is not the name of a metric; give a name of letters, digits and underscores that begins with no digit");

    /// <summary>Checks the name of a label by the rules of Prometheus.</summary>
    /// <exception cref="FormatException">It is no name; the message is one line.</exception>
    internal static string CheckLabel(string text) =>
        !IsName(text) ? throw new FormatException(
            $"'{text}' is not the name of a label; give a name of letters, digits and underscores that begins with no digit, with AS in the query")
        : text.StartsWith("__", StringComparison.Ordinal) ? throw new FormatException(
            $"'{text}' begins with two underscores, which Prometheus keeps for itself; give the column another name with AS in the query")
        : text;

    /// <summary>Takes the names of a metric.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">Its type.</param>
    /// <param name="place">Where it is configured.</param>
    /// <returns>Null, or why it cannot have them, in one line.</returns>
    internal string? TryTake(string name, QueryType type, string place)
    {
        if (Array.Find(TakenPrefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal)) is { } taken)
        {
            return $"names that begin with {taken} are those of the agent or of a program beside it; give the query another name";
        }

        string[] names = [.. NamesOf(name, type)];
        foreach (string own in names)
        {
            if (_taken.TryGetValue(own, out (string Metric, string? Place) other))
            {
                string owner = other.Place is null ? $"the agent's own metric {other.Metric}" : $"the query '{other.Metric}' in {other.Place}";
                return other.Metric == name && other.Place is not null
                    ? $"{other.Place} has a query '{name}' too; give each query a different name"
                    : $"'{name}' clashes with {owner}: both would have the name {own}; give the query another name";
            }
        }

        foreach (string own in names)
        {
            _taken.Add(own, (name, place));
        }

        return null;
    }

    /// <summary>The names that a metric takes in one of the two formats.</summary>
    private static IEnumerable<string> NamesOf(string name, QueryType type) => type switch
    {
        QueryType.Counter => [name, WithoutTotal(name), $"{WithoutTotal(name)}_created"],
        QueryType.Histogram => [name, $"{name}_bucket", $"{name}_sum", $"{name}_count", $"{name}_created"],
        QueryType.Summary => [name, $"{name}_sum", $"{name}_count", $"{name}_created"],
        _ => [name],
    };

    private static string WithoutTotal(string name) => name[..^QueryReader.CounterSuffix.Length];

    private static bool IsName(string text) =>
        text.Length > 0 && !char.IsAsciiDigit(text[0]) && text.All(character => char.IsAsciiLetterOrDigit(character) || character == '_');
}
