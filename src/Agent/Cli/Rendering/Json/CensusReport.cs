using Agent.Watching;

namespace Agent.Cli.Rendering.Json;

/// <summary>Whether and when a network namespace was counted.</summary>
/// <param name="Netns">Its configured name; null for the main one.</param>
/// <param name="Success">Whether the census could count; where not, its watches are missing.</param>
/// <param name="Error">Why it could not, in one line; null when it could.</param>
/// <param name="CountedAt">When the census ended; null when it could not count.</param>
/// <param name="DurationSeconds">How long the census took; null when none has ended, which does not happen with --once.</param>
internal sealed record CensusReport(string? Netns, bool Success, string? Error, DateTimeOffset? CountedAt, double? DurationSeconds)
{
    internal static CensusReport Of(NamespaceCounts found) => new(
        found.Netns,
        found.Succeeded,
        found.Failure is { } failure ? ErrorLine.Flatten(failure) : null,
        found.Succeeded ? found.LastSuccess : null,
        found.Duration?.TotalSeconds);
}
