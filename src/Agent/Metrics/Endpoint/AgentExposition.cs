using Agent.Watching;

namespace Agent.Metrics.Endpoint;

/// <summary>Turns what the agent says of its own work into metrics. Pure, as the exposition of a snapshot is.</summary>
internal sealed class AgentExposition(ExpositionWriter writer)
{
    internal void Write(Snapshot snapshot, AgentFigures figures)
    {
        foreach (CensusDurations durations in figures.Durations)
        {
            writer.Begin(AgentFamilies.CensusDuration);
            writer.HistogramIn(durations.Netns, durations.Histogram);
        }

        foreach (WatchedNamespace where in figures.Namespaces)
        {
            if (CountsIn(snapshot, where) is { } counts)
            {
                WriteWatches(where, counts);
            }
        }

        WriteTasks(figures);
        if (figures.Reload is { } reload)
        {
            writer.Begin(AgentFamilies.ConfigLastReloadSuccessful);
            writer.Sample(reload.Successful ? 1 : 0);
            writer.Begin(AgentFamilies.ConfigLastReloadSuccess);
            writer.Sample(reload.SuccessAt.ToUnixTimeMilliseconds() / 1000.0);
        }
    }

    private static NamespaceCounts? CountsIn(Snapshot snapshot, WatchedNamespace where)
    {
        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            if (found.Netns == where.Label)
            {
                return found;
            }
        }

        return null;
    }

    private void WriteWatches(WatchedNamespace where, NamespaceCounts found)
    {
        foreach (Watch watch in where.Watches)
        {
            // One that the configuration has only now is in neither: nothing has been tried for it yet.
            if (!found.Succeeded || HasCounted(found, watch))
            {
                writer.Begin(AgentFamilies.WatchSuccess);
                writer.SampleIn(where.Label, found.Succeeded ? 1 : 0, watch.Name);
            }
        }
    }

    private static bool HasCounted(NamespaceCounts found, Watch watch)
    {
        foreach (WatchCounts counts in found.Watches)
        {
            if (counts.Watch.Name == watch.Name)
            {
                return true;
            }
        }

        return false;
    }

    private void WriteTasks(AgentFigures figures)
    {
        int running = 0;
        foreach (TaskFigures task in figures.Tasks)
        {
            running += task.IsRunning ? 1 : 0;
        }

        writer.Begin(AgentFamilies.TasksRunning);
        writer.Sample(running);
        foreach (TaskFigures task in figures.Tasks)
        {
            writer.Begin(AgentFamilies.TaskStarts);
            writer.Sample(task.Starts, task.Name);
        }

        foreach (TaskFigures task in figures.Tasks)
        {
            foreach ((string reason, long restarts) in task.Restarts)
            {
                writer.Begin(AgentFamilies.TaskRestarts);
                writer.Sample(restarts, task.Name, reason);
            }
        }

        foreach (TaskFigures task in figures.Tasks)
        {
            foreach ((string errorType, long failures) in task.Failures)
            {
                writer.Begin(AgentFamilies.TaskFailures);
                writer.Sample(failures, task.Name, errorType);
            }
        }
    }
}
