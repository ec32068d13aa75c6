using Agent.Watching;
using Spectre.Console;

namespace Agent.Cli.Rendering.Tables;

/// <summary>The counts of each watch: one row each, or one block each if rows are too wide.</summary>
internal static class WatchTable
{
    private static readonly string[] Names = ["IPv4", "IPv6", "held", "unaccepted", "accept queue", "limit"];

    internal static void Write(Snapshot snapshot, Canvas canvas)
    {
        Table rows = Rows(snapshot);
        if (canvas.Measure(rows) <= canvas.Width)
        {
            canvas.Write(rows);
            return;
        }

        bool first = true;
        foreach ((string name, Text[] values) in Watches(snapshot))
        {
            if (!first)
            {
                canvas.WriteEmptyLine();
            }

            canvas.Write(Block(name, values));
            first = false;
        }
    }

    private static IEnumerable<(string Name, Text[] Values)> Watches(Snapshot snapshot) =>
        from found in snapshot.Namespaces
        from counts in found.Watches
        select (SnapshotTables.NameOf(counts, found), Values(counts, found));

    private static Table Rows(Snapshot snapshot)
    {
        Table table = new Table { Border = TableBorder.Simple }.AddColumn(new TableColumn(new Text("watch")));
        foreach (string name in Names)
        {
            table.AddColumn(new TableColumn(new Text(name)).RightAligned());
        }

        foreach ((string name, Text[] values) in Watches(snapshot))
        {
            table.AddRow([new Text(name), .. values]);
        }

        return table;
    }

    private static Table Block(string watch, Text[] values)
    {
        Table table = new Table { Border = TableBorder.Simple }
            .AddColumn(new TableColumn(new Text("watch")))
            .AddColumn(new TableColumn(new Text(watch)));
        foreach ((string name, Text value) in Names.Zip(values))
        {
            table.AddRow(new Text(name), value);
        }

        return table;
    }

    private static Text[] Values(WatchCounts counts, NamespaceCounts found)
    {
        WatchTotals totals = WatchTotals.Of(counts.Watch, found);
        return
        [
            new Text($"{totals.Ipv4}"),
            new Text($"{totals.Ipv6}"),
            new Text($"{counts.Held}"),
            new Text($"{totals.Unaccepted}"),
            new Text(totals.AcceptQueue is { } queue ? $"{queue.Length} of {queue.Limit}" : "–"),
            new Text(counts.Limit.ToString()),
        ];
    }
}
