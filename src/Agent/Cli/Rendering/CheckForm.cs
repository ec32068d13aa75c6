using System.Text;
using Agent.Watching;

namespace Agent.Cli.Rendering;

/// <summary>
/// One line for a check of Consul, Nagios or Sensu, with performance data; see https://www.monitoring-plugins.org/doc/guidelines.html.
/// The worst watch comes first in the text; performance data keep the order of the configuration, which graphs are made by.
/// </summary>
internal sealed class CheckForm : ISnapshotForm
{
    public bool TellsFailureItself => true;

    public ReadOnlyMemory<byte> Render(Snapshot snapshot) => Encoding.UTF8.GetBytes(Line(snapshot) + "\n");

    private static string Line(Snapshot snapshot)
    {
        if (snapshot.Failure is { } failure)
        {
            return WithoutBar($"UNKNOWN - {ErrorLine.Flatten(failure)}");
        }

        IEnumerable<string> texts = snapshot.Watches.OrderByDescending(counts => counts.State).Select(Text);
        return $"{WithoutBar(string.Join("; ", texts))}|{string.Join(' ', snapshot.Watches.Select(PerformanceData))}";
    }

    private static string Text(WatchCounts counts)
    {
        string state = counts.State switch
        {
            WatchState.Critical => "CRITICAL",
            WatchState.Warning => "WARNING",
            _ => "OK",
        };
        return $"{counts.Watch.Name.ToUpperInvariant()} {state} - {Highest(counts)}{All(counts)}";
    }

    private static string Highest(WatchCounts counts)
    {
        if (counts.Clients == 0)
        {
            return "no client holds a connection";
        }

        string client = counts.Shown is [var first, ..] ? first.Address.ToString() : "one client";
        return counts.Watch.Limit is { } limit
            ? $"{client} holds {counts.Highest} of {limit} connections ({Share.PercentOf(counts.Highest, limit)} %)"
            : $"{client} holds {counts.Highest} connection{(counts.Highest == 1 ? "" : "s")}";
    }

    private static string All(WatchCounts counts) => counts.Clients > 1 ? $", {counts.Clients} clients hold {counts.Held}" : "";

    // 'label'=value;warn;crit;min;max
    private static string PerformanceData(WatchCounts counts)
    {
        Watch watch = counts.Watch;
        int? warning = watch.Warning?.InConnections(watch.Limit);
        int? critical = watch.Critical?.InConnections(watch.Limit);
        string limit = watch.Limit is { } most ? $";{most}" : "";
        return $"{Label(watch, "max")}={counts.Highest};{warning};{critical};0{limit} {Label(watch, "clients")}={counts.Clients};;;0";
    }

    private static string Label(Watch watch, string what)
    {
        // The guidelines forbid the two in a label, quoted or not, and want quotes around spaces.
        string label = WithoutBar($"{watch.Name}_{what}").Replace('\'', '_').Replace('=', '_');
        return label.Contains(' ') ? $"'{label}'" : label;
    }

    // A bar ends the text and begins the performance data.
    private static string WithoutBar(string text) => text.Replace('|', '_');
}
