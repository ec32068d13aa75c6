using Agent.Watching;

namespace Agent.Metrics.Endpoint;

/// <summary>Sets the metrics of the agent's own work.</summary>
internal sealed class AgentMetrics(MetricRegistry registry)
{
    internal void Set(Snapshot snapshot, AgentStatistics statistics)
    {
        foreach (WatchedNamespace where in statistics.Namespaces)
        {
            registry.KeepIn(AgentFamilies.CensusDuration, where.Label);
            if (CountsIn(snapshot, where) is { } counts)
            {
                SetWatches(where, counts);
            }
        }

        SetTasks(statistics);
        if (statistics.Reload is { } reload)
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
            // A watch that a reload has just added is in no census yet: its metric is absent.
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

    private void SetTasks(AgentStatistics statistics)
    {
        registry.Set(AgentFamilies.TasksRunning, statistics.Tasks.Count(task => task.IsRunning));
        foreach (TaskStatistics task in statistics.Tasks)
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
