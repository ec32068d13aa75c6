using System.Text;
using Agent.Watching;
using Agent.Workloads;
using Spectre.Console;

namespace Agent.Cli.Rendering.Tables;

/// <summary>The whole table format: failed censuses, the counts of the watches, then the clients of each watch and their processes.</summary>
internal static class SnapshotTables
{
    internal static string Render(Snapshot snapshot, int width, bool hasColors, bool allowsUtf8)
    {
        StringBuilder text = new();
        Canvas canvas = new(text, width, hasColors, allowsUtf8);
        if (snapshot.Filter is { } filter)
        {
            canvas.Write(new Text($"only: {filter}"));
        }

        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            if (found.Failure is { } failure)
            {
                canvas.Write(new Text($"could not measure{Where(found)}: {ErrorLine.Flatten(failure)}", ThresholdColor.Of(WatchState.Critical)));
            }
        }

        if (snapshot.Namespaces.Any(found => found.Succeeded))
        {
            WatchTable.Write(snapshot, canvas);
        }

        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            foreach (WatchCounts counts in found.Watches)
            {
                if (counts.Limit.Problem is { } problem)
                {
                    canvas.WriteEmptyLine();
                    canvas.Write(new Text($"limit of {NameOf(counts, found)}: {ErrorLine.Flatten(problem)}", ThresholdColor.OfProblem(counts.Limit)));
                }

                canvas.WriteEmptyLine();
                ClientTable.Write(counts, NameOf(counts, found), canvas);
                if (ProcessReading.Of(snapshot.View, found.Netns, counts.Watch.Name) is { } processes)
                {
                    canvas.WriteEmptyLine();
                    ProcessTable.Write(processes, NameOf(counts, found), canvas);
                }
            }
        }

        return text.ToString();
    }

    /// <summary>A watch's name, with its network namespace unless that is the main one.</summary>
    internal static string NameOf(WatchCounts counts, NamespaceCounts found) => counts.Watch.Name + Where(found);

    private static string Where(NamespaceCounts found) => found.Netns is { } netns ? $" in {netns}" : "";
}
