using System.Text;
using Agent.Watching;
using Spectre.Console;

namespace Agent.Cli.Rendering.Tables;

/// <summary>All that the table form shows: what was counted for the watches, then the clients of each.</summary>
internal static class SnapshotTables
{
    internal static string Render(Snapshot snapshot, int width, bool colour)
    {
        StringBuilder text = new();
        Canvas canvas = new(text, width, colour);
        if (snapshot.Failure is { } failure)
        {
            canvas.Write(new Text($"could not measure: {ErrorLine.Flatten(failure)}", Tint.Of(WatchState.Critical)));
            return text.ToString();
        }

        WatchTable.Write(snapshot, canvas);
        foreach (WatchCounts counts in snapshot.Watches)
        {
            canvas.WriteEmptyLine();
            ClientTable.Write(counts, canvas);
        }

        return text.ToString();
    }
}
