using System.Collections.Immutable;
using Agent.Watching;

namespace Agent.Metrics;

/// <summary>The agent's own work, as its metrics show it.</summary>
/// <param name="Tasks">The tasks, in a stable order; none twice.</param>
/// <param name="Reload">The last reload; null without a configuration file.</param>
/// <param name="Namespaces">What is watched by the settings in force, in the order of the configuration.</param>
internal sealed record AgentStatistics(
    ImmutableArray<TaskStatistics> Tasks,
    ReloadStatistics? Reload,
    ImmutableArray<WatchedNamespace> Namespaces);

/// <summary>The life of one task since the agent was started.</summary>
/// <param name="Name">The name of the task.</param>
/// <param name="IsRunning">Whether it runs now; not while it waits for a restart.</param>
/// <param name="Starts">How often it was started, restarts included.</param>
/// <param name="Restarts">How often it was restarted, by reason.</param>
/// <param name="Failures">How often it failed, by type of error.</param>
internal sealed record TaskStatistics(
    string Name,
    bool IsRunning,
    long Starts,
    ImmutableArray<KeyValuePair<string, long>> Restarts,
    ImmutableArray<KeyValuePair<string, long>> Failures);

/// <summary>The last attempt to read the configuration file.</summary>
/// <param name="Successful">Whether it succeeded.</param>
/// <param name="SuccessAt">When the last successful attempt was; the start of the agent is one.</param>
internal sealed record ReloadStatistics(bool Successful, DateTimeOffset SuccessAt);
