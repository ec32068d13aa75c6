using Agent.Watching;
using Spectre.Console;

namespace Agent.Cli.Rendering.Tables;

/// <summary>The counts of each watch: one row each, or one block each if rows are too wide.</summary>
internal static class WatchTable
{
    internal static void Write(Snapshot snapshot, Canvas canvas)
    {
        bool hasDead = snapshot.Namespaces.Any(found => found.Watches.Any(counts => counts.Dead > 0));
        string[] names = ["IPv4", "IPv6", "held", .. hasDead ? (string[])["dead"] : [], "unaccepted", "accept queue", "limit"];
        new RowTable("watch", names).Write(
        [
            .. from found in snapshot.Namespaces
               from counts in found.Watches
               select (SnapshotTables.NameOf(counts, found), Values(counts, found, hasDead)),
        ],
        canvas);
    }

    private static Text[] Values(WatchCounts counts, NamespaceCounts found, bool hasDead)
    {
        WatchTotals totals = WatchTotals.Of(counts.Watch, found);
        return
        [
            new Text($"{totals.Ipv4}"),
            new Text($"{totals.Ipv6}"),
            Held(counts),
            .. hasDead ? (Text[])[new Text(counts.Dead is { } dead ? $"{dead}" : "–")] : [],
            new Text($"{totals.Unaccepted}"),
            new Text(totals.AcceptQueue is { } queue ? $"{queue.Length} of {queue.Limit}" : "–"),
            new Text(counts.Limit.ToString()),
        ];
    }

    private static Text Held(WatchCounts counts)
    {
        string held = counts.IsMinimum ? $"at least {counts.Held}" : $"{counts.Held}";
        return counts.Watch.TotalLimit is { } total
            ? new Text($"{held} of {total.Value} ({WatchTotals.PercentOf(counts.Held, total.Value)} %)", ThresholdColor.OfTotal(counts.Watch, counts.Held))
            : new Text(held);
    }
}
