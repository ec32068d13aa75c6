using Agent.Watching;

namespace Agent.Metrics.Endpoint;

/// <summary>Turns what the agent says of its own work into metrics.</summary>
internal sealed class AgentMetrics(MetricRegistry registry)
{
    internal void Set(Snapshot snapshot, AgentFigures figures)
    {
        foreach (WatchedNamespace where in figures.Namespaces)
        {
            registry.KeepIn(AgentFamilies.CensusDuration, where.Label);
            if (CountsIn(snapshot, where) is { } counts)
            {
                SetWatches(where, counts);
            }
        }

        SetTasks(figures);
        if (figures.Reload is { } reload)
        {
            registry.Set(AgentFamilies.ConfigLastReloadSuccessful, reload.Successful ? 1 : 0);
            registry.Set(AgentFamilies.ConfigLastReloadSuccess, reload.SuccessAt.ToUnixTimeMilliseconds() / 1000.0);
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

    private void SetWatches(WatchedNamespace where, NamespaceCounts found)
    {
        foreach (Watch watch in where.Watches)
        {
            // One that the configuration has only now is in neither: nothing has been tried for it yet.
            if (!found.Succeeded || HasCounted(found, watch))
            {
                registry.SetIn(AgentFamilies.WatchSuccess, where.Label, found.Succeeded ? 1 : 0, watch.Name);
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

    private void SetTasks(AgentFigures figures)
    {
        registry.Set(AgentFamilies.TasksRunning, figures.Tasks.Count(task => task.IsRunning));
        foreach (TaskFigures task in figures.Tasks)
        {
            registry.Set(AgentFamilies.TaskStarts, task.Starts, task.Name);
            foreach ((string reason, long restarts) in task.Restarts)
            {
                registry.Set(AgentFamilies.TaskRestarts, restarts, task.Name, reason);
            }

            foreach ((string errorType, long failures) in task.Failures)
            {
                registry.Set(AgentFamilies.TaskFailures, failures, task.Name, errorType);
            }
        }
    }
}
