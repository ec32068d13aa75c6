using System.Collections.Immutable;

namespace Agent.Metrics;

/// <summary>What has become of one of the agent's tasks since the agent was started.</summary>
/// <param name="Name">The task's name.</param>
/// <param name="IsRunning">Whether it runs now; not while it waits to be started again.</param>
/// <param name="Starts">How often it was started.</param>
/// <param name="Restarts">How often it was started again, by reason.</param>
/// <param name="Failures">How often it failed, by type of error.</param>
internal sealed record TaskFigures(
    string Name,
    bool IsRunning,
    long Starts,
    ImmutableArray<KeyValuePair<string, long>> Restarts,
    ImmutableArray<KeyValuePair<string, long>> Failures);
