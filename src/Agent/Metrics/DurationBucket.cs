namespace Agent.Metrics;

/// <summary>A bucket of a histogram of durations.</summary>
/// <param name="UpTo">The longest duration that belongs to it.</param>
/// <param name="Label">The same in seconds, as the label <c>le</c> has it.</param>
internal readonly record struct DurationBucket(TimeSpan UpTo, string Label);
