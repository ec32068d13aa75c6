using Agent.Watching;

namespace Agent.Cli.Rendering.Json;

/// <summary>
/// What <c>--output json</c> prints. Keys are added and never renamed or removed without a new <see cref="SchemaVersion"/>; every key is
/// always there, null where it does not apply.
/// </summary>
internal sealed record CensusReport
{
    /// <summary>Of this shape: 1.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Whether the census could count.</summary>
    public required bool Success { get; init; }

    /// <summary>Why it could not, in one line; null when it could.</summary>
    public required string? Error { get; init; }

    /// <summary>When the census ended; null when it could not count.</summary>
    public required DateTimeOffset? CountedAt { get; init; }

    /// <summary>How long the census took.</summary>
    public required double DurationSeconds { get; init; }

    /// <summary>In the order of the configuration; null when the census could not count.</summary>
    public required IReadOnlyList<WatchReport>? Watches { get; init; }

    internal static CensusReport Of(Snapshot snapshot) => new()
    {
        Success = snapshot.Succeeded,
        Error = snapshot.Failure is { } failure ? ErrorLine.Flatten(failure) : null,
        CountedAt = snapshot.Succeeded ? snapshot.LastSuccess : null,
        DurationSeconds = snapshot.Duration.TotalSeconds,
        Watches = snapshot.Succeeded ? [.. snapshot.Watches.Select(counts => WatchReport.Of(counts, snapshot))] : null,
    };
}
