using Agent.Watching;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Agent.Cli.Rendering.Tables;

/// <summary>The clients of a watch that hold the most. With a limit, and if the width allows it, each has a bar that shows its part of the limit.</summary>
internal static class ClientTable
{
    private const int ShortestBar = 6;
    private const int LongestBar = 40;

    // The width that a further column needs beside its content.
    private const int ColumnMargin = 3;

    internal static void Write(WatchCounts counts, string name, Canvas canvas)
    {
        if (!counts.Shown.IsEmpty)
        {
            WriteWithBar(barLength => Build(counts, name, barLength), canvas);
        }

        if (Rest(counts, name) is { } rest)
        {
            canvas.Write(new Padder(new Text(rest), new Padding(2, 0, 0, 0)));
        }
    }

    /// <summary>Writes a table with bars that are as long as the width allows; without bars where it is too narrow.</summary>
    /// <param name="build">Builds the table with bars of a length, 0 for none.</param>
    /// <param name="canvas">Where to write it.</param>
    internal static void WriteWithBar(Func<int, Table> build, Canvas canvas)
    {
        int room = canvas.Width - canvas.Measure(build(0)) - ColumnMargin;
        canvas.Write(build(room >= ShortestBar ? Math.Min(room, LongestBar) : 0));
    }

    private static Table Build(WatchCounts counts, string name, int barLength)
    {
        Watch watch = counts.Watch;
        Table table = new Table { Border = TableBorder.Simple }
            .AddColumn(new TableColumn(new Text($"clients of {name}")))
            .AddColumn(new TableColumn(new Text(counts.IsMinimum ? "held at least" : "held")).RightAligned());
        bool hasDead = counts.Shown.Any(client => client.Dead > 0);
        if (hasDead)
        {
            table.AddColumn(new TableColumn(new Text("dead")).RightAligned());
        }

        if (counts.Limit.Value is not null)
        {
            if (barLength > 0)
            {
                table.AddColumn(new TableColumn(new Text("")));
            }

            table.AddColumn(new TableColumn(new Text("limit")).RightAligned());
        }

        foreach (ClientCount client in counts.Shown)
        {
            Style color = ThresholdColor.Of(watch, client.Held, counts.Limit);
            List<IRenderable> row = [new Text($"{client.Client}"), new Text($"{client.Held}", color)];
            if (hasDead)
            {
                row.Add(new Text($"{client.Dead}"));
            }

            if (counts.Limit.Value is { } limit)
            {
                if (barLength > 0)
                {
                    row.Add(Bar(client.Held, limit, barLength, color));
                }

                row.Add(new Text($"{WatchTotals.PercentOf(client.Held, limit)} %", color));
            }

            table.AddRow(row);
        }

        return table;
    }

    /// <summary>A bar that is full only if the limit is reached, and never empty.</summary>
    internal static Paragraph Bar(int held, int limit, int length, Style color)
    {
        int filled = (int)Math.Clamp((long)held * length / limit, 1, length);
        return new Paragraph().Append(new string('█', filled), color).Append(new string('░', length - filled), color);
    }

    private static string? Rest(WatchCounts counts, string name) => (counts.Clients, Left: counts.Clients - counts.Shown.Length) switch
    {
        (0, _) => counts.IsMinimum ? $"the agent saw no held connection of {name}" : $"no client holds a connection of {name}",
        (_, 0) => null,
        (_, 1) => "and 1 more client",
        (_, int left) => counts.Shown.IsEmpty ? $"{left} clients" : $"and {left} more clients",
    };
}
