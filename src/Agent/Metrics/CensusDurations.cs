namespace Agent.Metrics;

/// <summary>How long the censuses of a network namespace took.</summary>
/// <param name="Netns">The namespace's configured name; null for the agent's main one.</param>
/// <param name="Histogram">Goes on growing.</param>
internal sealed record CensusDurations(string? Netns, DurationHistogram Histogram);
