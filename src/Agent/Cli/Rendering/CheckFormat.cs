using System.Text;
using Agent.Limits;
using Agent.Readings;
using Agent.Watching;
using Agent.Workloads;

namespace Agent.Cli.Rendering;

/// <summary>
/// One line for a check of Consul, Nagios or Sensu, with performance data; see https://www.monitoring-plugins.org/doc/guidelines.html.
/// The worst watch or database comes first in the text. Performance data keep the order of the configuration, because graphs depend on it.
/// </summary>
internal sealed class CheckFormat : ISnapshotFormat
{
    private const string Connections = "connections";
    private const string Used = "used";

    public bool ShowsFailure => true;

    public bool ShowsDeadProblem => false;

    public bool ShowsState => true;

    public ReadOnlyMemory<byte> Render(Snapshot snapshot) => Encoding.UTF8.GetBytes(Line(snapshot) + "\n");

    private static string Line(Snapshot snapshot)
    {
        List<(WatchState State, string Text)> texts = [];
        List<string> performance = [];
        PerformanceLabels labels = new(snapshot);
        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            if (found.Failure is { } failure)
            {
                texts.Add((WatchState.Unknown, $"UNKNOWN - {(found.Netns is { } netns ? $"{netns}: " : "")}{OneLine.Of(failure)}"));
            }

            foreach (WatchCounts counts in found.Watches)
            {
                texts.Add((counts.State, Text(counts, found)));
                performance.Add(PerformanceData(counts, found, labels));
            }
        }

        foreach (ServerJudgement database in snapshot.Databases ?? [])
        {
            texts.Add((database.State, Text(database)));
            performance.AddRange(PerformanceData(database, labels.OfDatabase(database.Use.Database, Used)) is { } data ? [data] : []);
        }

        string text = WithoutBar(string.Join("; ", texts.OrderByDescending(text => text.State).Select(text => text.Text)));
        return performance.Count == 0 ? text : $"{text}|{string.Join(' ', performance)}";
    }

    private static string Text(WatchCounts counts, NamespaceCounts found) =>
        $"{counts.Watch.Name.ToUpperInvariant()}{(found.Netns is { } netns ? $" in {netns}" : "")}{Word(counts)} - "
            + $"{Held(counts)}{Dead(counts)}{Problem(counts.Limit)}{ProblemOfServer(counts)}";

    private static string Text(ServerJudgement database)
    {
        string name = ProcessNames.Printable(database.Use.Database).ToUpperInvariant();
        string word = Word(database.State, isUnjudged: !database.HasThresholds && database.Use.Line is not null);
        return $"DATABASE {name}{word} - {ServerText.WithReason(database.Use, Connections, database.Use.Reason)}";
    }

    // Without thresholds nothing was judged. A watch whose limit is unknown is then not called OK.
    private static string Word(WatchCounts counts) => Word(
        counts.State, isUnjudged: !counts.Watch.HasThresholds && (counts.Limit.Problem ?? counts.Server?.Line) is not null);

    private static string Word(WatchState state, bool isUnjudged) => state switch
    {
        WatchState.Critical => " CRITICAL",
        WatchState.Unknown => " UNKNOWN",
        WatchState.Warning => " WARNING",
        _ when isUnjudged => "",
        _ => " OK",
    };

    /// <summary>The connections of the client that holds most, or of all clients or of the server where that limit is closer.</summary>
    private static string Held(WatchCounts counts)
    {
        if (counts is { IsTotalCloser: true, Server: { } server })
        {
            return $"{ServerText.WithReason(server, Connections, server.Line)}, {AtLeast(counts)}{counts.Held} held by TCP";
        }

        if (counts.Clients == 0)
        {
            return counts.IsMinimum ? "the agent saw no held connection" : "no client holds a connection";
        }

        return counts is { IsTotalCloser: true, Watch.TotalLimit: { } total }
            ? $"{AtLeast(counts)}{counts.Held} of {total.Value} connections held ({WatchTotals.PercentOf(counts.Held, total.Value)} %), "
                + $"{counts.Clients} client{(counts.Clients == 1 ? "" : "s")}"
            : Highest(counts) + All(counts);
    }

    private static string Highest(WatchCounts counts)
    {
        string client = counts.Shown is [var first, ..] ? first.Client.ToString() : "one client";
        return counts.Limit.Value is { } limit
            ? $"{client} holds {AtLeast(counts)}{counts.Highest} of {limit} connections ({WatchTotals.PercentOf(counts.Highest, limit)} %)"
            : $"{client} holds {AtLeast(counts)}{counts.Highest} connection{(counts.Highest == 1 ? "" : "s")}";
    }

    private static string All(WatchCounts counts) =>
        counts.Clients > 1 ? $", {counts.Clients} clients hold {AtLeast(counts)}{counts.Held}" : "";

    private static string AtLeast(WatchCounts counts) => counts.IsMinimum ? "at least " : "";

    private static string Dead(WatchCounts counts) => counts.Dead > 0 ? $", {counts.Dead} dead" : "";

    private static string Problem(ClientLimit limit) =>
        limit.Problem is { } problem ? $", limit {limit.Text}: {OneLine.Of(problem)}" : "";

    private static string ProblemOfServer(WatchCounts counts) =>
        counts is { IsTotalCloser: false, Server.Line: { } line } ? $", {OneLine.Of(line)}" : "";

    // 'label'=value;warn;crit;min;max
    private static string PerformanceData(WatchCounts counts, NamespaceCounts found, PerformanceLabels labels)
    {
        Watch watch = counts.Watch;
        int? warning = watch.ClientConnectionsAt(watch.Warning, counts.Limit.Value);
        int? critical = watch.ClientConnectionsAt(watch.Critical, counts.Limit.Value);
        string limit = counts.Limit.Value is { } most ? $";{most}" : "";
        string highest = labels.Of(watch.Name, found.Netns, "max");
        string clients = labels.Of(watch.Name, found.Netns, "clients");
        string total = watch.TotalLimit is { } all
            ? $" {labels.Of(watch.Name, found.Netns, "total")}={counts.Held};{watch.TotalConnectionsAt(watch.Warning)};{watch.TotalConnectionsAt(watch.Critical)};0;{all.Value}"
            : "";
        string used = counts.ServerJudgement is { } server && PerformanceData(server, labels.Of(watch.Name, found.Netns, Used)) is { } data ? $" {data}" : "";
        return $"{highest}={counts.Highest};{warning};{critical};0{limit} {clients}={counts.Clients};;;0{total}{used}";
    }

    /// <summary>The used connections of a server; null while they are unknown, because 0 would be wrong.</summary>
    private static string? PerformanceData(ServerJudgement server, string label) => server.Use.Used is { } used
        ? $"{label}={used};{server.WarningAt};{server.CriticalAt};0{(server.Use.UsableLimit is { } limit ? $";{limit}" : "")}"
        : null;

    // A '|' ends the text and starts the performance data.
    private static string WithoutBar(string text) => text.Replace('|', '_');
}
