using System.Collections.Immutable;
using Agent.Watching;

namespace Agent.Metrics;

/// <summary>What the agent has to say of its own work, beside the snapshot.</summary>
/// <param name="Tasks">Its tasks, in a stable order; none twice.</param>
/// <param name="Reload">The last reading of the configuration file; null where there is none.</param>
/// <param name="Namespaces">What it was told to watch, in the order of the configuration.</param>
internal sealed record AgentFigures(
    ImmutableArray<TaskFigures> Tasks,
    ReloadFigures? Reload,
    ImmutableArray<WatchedNamespace> Namespaces);
