using Agent.Limits;

namespace Agent.Watching;

/// <summary>How near a server is to the number of connections that ordinary roles may hold together, by thresholds.</summary>
/// <param name="Use">The use of the server, as it reports it.</param>
/// <param name="HasThresholds">Whether the server is judged at all.</param>
internal readonly record struct ServerJudgement(ServerUse Use, bool HasThresholds)
{
    /// <summary>The threshold of <see cref="WatchState.Warning"/>; null for none that refers to the server.</summary>
    public Threshold? Warning { get; init; }

    /// <summary>The threshold of <see cref="WatchState.Critical"/>; null for none that refers to the server.</summary>
    public Threshold? Critical { get; init; }

    /// <summary>Whether a server that could not be asked is unknown even without thresholds, because <c>--databases</c> asked for it.</summary>
    public bool IsRequired { get; init; }

    /// <summary>The number of used connections that is a warning; null for never, and while the limit that a percentage refers to is unknown.</summary>
    internal int? WarningAt => Warning?.InConnections(Use.UsableLimit);

    /// <summary>The number of used connections that is critical; null as for <see cref="WarningAt"/>.</summary>
    internal int? CriticalAt => Critical?.InConnections(Use.UsableLimit);

    /// <summary>
    /// The state. A server that refuses logins because it is full is critical, and so is one at its limit, whatever the thresholds are. While the use or
    /// the limit is unknown the state is unknown, even below a threshold in connections: the limit may be lower.
    /// </summary>
    internal WatchState State =>
        !HasThresholds ? (IsRequired && Use.Used is null ? WatchState.Unknown : WatchState.Fine)
        : Use.IsFull || Use.Used >= Use.UsableLimit || Use.Used >= CriticalAt ? WatchState.Critical
        : Use.Used is null || Use.UsableLimit is null ? WatchState.Unknown
        : Use.Used >= WarningAt ? WatchState.Warning
        : WatchState.Fine;

    /// <summary>The judgement of a watch's server.</summary>
    internal static ServerJudgement Of(Watch watch, ServerUse use) => new(use, watch.HasThresholds)
    {
        Warning = watch.ThresholdOfTotal(watch.Warning),
        Critical = watch.ThresholdOfTotal(watch.Critical),
    };
}
