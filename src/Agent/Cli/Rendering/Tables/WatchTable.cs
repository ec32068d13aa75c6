using Agent.Watching;
using Spectre.Console;

namespace Agent.Cli.Rendering.Tables;

/// <summary>What was counted for each watch: a row each, or a block each where rows are too wide.</summary>
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

        for (int i = 0; i < snapshot.Watches.Length; i++)
        {
            if (i > 0)
            {
                canvas.WriteEmptyLine();
            }

            canvas.Write(Block(snapshot.Watches[i], snapshot));
        }
    }

    private static Table Rows(Snapshot snapshot)
    {
        Table table = new Table { Border = TableBorder.Simple }.AddColumn(new TableColumn(new Text("watch")));
        foreach (string name in Names)
        {
            table.AddColumn(new TableColumn(new Text(name)).RightAligned());
        }

        foreach (WatchCounts counts in snapshot.Watches)
        {
            table.AddRow([new Text(counts.Watch.Name), .. Values(counts, snapshot)]);
        }

        return table;
    }

    private static Table Block(WatchCounts counts, Snapshot snapshot)
    {
        Table table = new Table { Border = TableBorder.Simple }
            .AddColumn(new TableColumn(new Text("watch")))
            .AddColumn(new TableColumn(new Text(counts.Watch.Name)));
        foreach ((string name, Text value) in Names.Zip(Values(counts, snapshot)))
        {
            table.AddRow(new Text(name), value);
        }

        return table;
    }

    private static Text[] Values(WatchCounts counts, Snapshot snapshot)
    {
        Watch watch = counts.Watch;
        WatchTotals totals = WatchTotals.Of(watch, snapshot);
        return
        [
            new Text($"{totals.Ipv4}"),
            new Text($"{totals.Ipv6}"),
            new Text($"{counts.Held}"),
            new Text($"{totals.Unaccepted}"),
            new Text(totals.AcceptQueue is { } queue ? $"{queue.Length} of {queue.Limit}" : "–"),
            new Text($"{(watch.Limit is { } limit ? $"{limit}" : "none")} ({watch.LimitSource})"),
        ];
    }
}
