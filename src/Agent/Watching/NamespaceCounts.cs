using System.Collections.Immutable;

namespace Agent.Watching;

/// <summary>What one census found in a network namespace, or that it found nothing out.</summary>
internal sealed record NamespaceCounts
{
    /// <summary>The namespace's configured name, which tells its metrics from the others'; null for the agent's main one.</summary>
    public string? Netns { get; init; }

    /// <summary>How long the census took, whether it succeeded or not; null when none has ended.</summary>
    public required TimeSpan? Duration { get; init; }

    /// <summary>When the last census that succeeded ended, this one included; null when none has yet.</summary>
    public required DateTimeOffset? LastSuccess { get; init; }

    /// <summary>Why nothing could be measured, in one line; null when all could.</summary>
    public string? Failure { get; init; }

    /// <summary>Per watched port, in rising order; empty when the census failed: what was not measured is absent.</summary>
    public ImmutableArray<PortCounts> Ports { get; init; } = [];

    /// <summary>Per watch, in the order of the configuration; empty when the census failed.</summary>
    public ImmutableArray<WatchCounts> Watches { get; init; } = [];

    /// <summary>Whether the census succeeded.</summary>
    public bool Succeeded => Failure is null;
}
