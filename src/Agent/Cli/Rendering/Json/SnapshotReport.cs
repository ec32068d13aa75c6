using Agent.Watching;

namespace Agent.Cli.Rendering.Json;

/// <summary>
/// What <c>--output json</c> prints. Keys are added and never renamed or removed without a new <see cref="SchemaVersion"/>; every key is
/// always there, null where it does not apply.
/// </summary>
internal sealed record SnapshotReport
{
    /// <summary>Of this shape: 1.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Whether everything could be counted.</summary>
    public required bool Success { get; init; }

    /// <summary>What all counts were narrowed to; null where everything was counted.</summary>
    public required string? Filter { get; init; }

    /// <summary>One for each network namespace, the main one first.</summary>
    public required IReadOnlyList<CensusReport> Censuses { get; init; }

    /// <summary>Those that could be counted: of the main network namespace first, then in the order of the configuration.</summary>
    public required IReadOnlyList<WatchReport> Watches { get; init; }

    internal static SnapshotReport Of(Snapshot snapshot) => new()
    {
        Success = snapshot.Succeeded,
        Filter = snapshot.Filter,
        Censuses = [.. snapshot.Namespaces.Select(CensusReport.Of)],
        Watches = [.. snapshot.Namespaces.SelectMany(found => found.Watches.Select(counts => WatchReport.Of(counts, found)))],
    };
}
