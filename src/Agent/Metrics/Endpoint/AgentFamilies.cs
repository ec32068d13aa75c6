using System.Collections.Immutable;

namespace Agent.Metrics.Endpoint;

/// <summary>What the agent says of its own work, in the order in which it does.</summary>
internal static class AgentFamilies
{
    internal static readonly MetricFamily CensusDuration = new(
        "sockdiag_census_duration_seconds", MetricType.Histogram,
        "How long the censuses took, in seconds.")
    {
        // From a census of an idle host to one that hangs.
        Buckets =
        [
            50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3, 1, 2.5, 5, 10,
        ],
    };

    internal static readonly MetricFamily WatchSuccess = new(
        "sockdiag_watch_success", MetricType.Gauge,
        "Whether the last census could count for this watch; absent before the first one.", "watch");

    internal static readonly MetricFamily TasksRunning = new(
        "sockdiag_tasks_running", MetricType.Gauge,
        "Tasks of the agent that run now; not those that wait to be started again.");

    internal static readonly MetricFamily TaskStarts = new(
        "sockdiag_task_starts_total", MetricType.Counter,
        "How often this task was started, the first time included.", "task");

    internal static readonly MetricFamily TaskRestarts = new(
        "sockdiag_task_restarts_total", MetricType.Counter,
        "How often this task was started again, by reason.", "task", "reason");

    internal static readonly MetricFamily TaskFailures = new(
        "sockdiag_task_failures_total", MetricType.Counter,
        "How often this task failed, by type of error.", "task", "error_type");

    internal static readonly MetricFamily ConfigLastReloadSuccessful = new(
        "sockdiag_config_last_reload_successful", MetricType.Gauge,
        "Whether the configuration file could be used when it was last read; absent without one.");

    internal static readonly MetricFamily ConfigLastReloadSuccess = new(
        "sockdiag_config_last_reload_success_timestamp_seconds", MetricType.Gauge,
        "When the configuration in force was read, in seconds since 1970; absent without a file.");

    internal static readonly ImmutableArray<MetricFamily> All =
    [
        CensusDuration,
        WatchSuccess,
        TasksRunning,
        TaskStarts,
        TaskRestarts,
        TaskFailures,
        ConfigLastReloadSuccessful,
        ConfigLastReloadSuccess,
    ];
}
