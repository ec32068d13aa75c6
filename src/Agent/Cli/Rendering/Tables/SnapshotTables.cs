using System.Text;
using Agent.Readings;
using Agent.Watching;
using Agent.Workloads;
using Spectre.Console;

namespace Agent.Cli.Rendering.Tables;

/// <summary>The whole table format: failed censuses, the counts of the watches, then the clients of each watch and their processes, then the databases.</summary>
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
                canvas.Write(new Text($"could not measure{Where(found)}: {OneLine.Of(failure)}", ThresholdColor.Of(WatchState.Critical)));
            }
        }

        if (snapshot.Namespaces.Any(found => found.Succeeded))
        {
            WatchTable.Write(snapshot, canvas);
            WriteNotes(snapshot, canvas);
        }

        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            foreach (WatchCounts counts in found.Watches)
            {
                if (counts.Limit.Problem is { } problem)
                {
                    canvas.WriteEmptyLine();
                    canvas.Write(new Text($"limit of {NameOf(counts, found)}: {OneLine.Of(problem)}", ThresholdColor.OfProblem(counts.Limit)));
                }

                canvas.WriteEmptyLine();
                ClientTable.Write(counts, NameOf(counts, found), canvas);
                if (ProcessReading.Of(snapshot.View, found.Netns, counts.Watch.Name) is { } processes
                    && (processes.Failure is not null || !processes.Clients.IsEmpty))
                {
                    canvas.WriteEmptyLine();
                    ProcessTable.Write(processes, NameOf(counts, found), canvas);
                }
            }
        }

        DatabaseTables.Write(snapshot, canvas);
        return text.ToString();
    }

    /// <summary>
    /// The lines under the counts of all watches: the use of servers, open files near their limit, and how complete the numbers of dead connections are.
    /// </summary>
    private static void WriteNotes(Snapshot snapshot, Canvas canvas)
    {
        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            foreach (WatchCounts counts in found.Watches)
            {
                if (counts.ServerJudgement is { } server)
                {
                    canvas.Write(Note(
                        $"server of {NameOf(counts, found)}: {ServerText.WithReason(server.Use, ServerText.UsableConnections, server.Use.Line)}",
                        ThresholdColor.OfServer(server)));
                }
            }
        }

        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            foreach (WatchCounts counts in found.Watches)
            {
                if (counts.OpenFiles is { } files && ThresholdColor.OfOpenFiles(files) is { } color)
                {
                    canvas.Write(Note(
                        $"server of {NameOf(counts, found)}: {files.Open} of {files.Limit} files open ({WatchTotals.PercentOf(files.Open, files.Limit)} %), PID {files.ProcessId}",
                        color));
                }
            }
        }

        foreach (string problem in snapshot.DeadProblems)
        {
            canvas.Write(Note(OneLine.Of(problem), ThresholdColor.Of(WatchState.Warning)));
        }

        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            if (found.DeadAge is { } age)
            {
                canvas.Write(Note($"dead connections{Where(found)} as of {(long)age.TotalSeconds} s ago", Style.Plain));
            }
        }
    }

    /// <summary>A line under a table.</summary>
    internal static Padder Note(string text, Style color) => new(new Text(text, color), new Padding(2, 0, 0, 0));

    /// <summary>A watch's name, with its network namespace unless that is the main one.</summary>
    internal static string NameOf(WatchCounts counts, NamespaceCounts found) => counts.Watch.Name + Where(found);

    private static string Where(NamespaceCounts found) => found.Netns is { } netns ? $" in {netns}" : "";
}
