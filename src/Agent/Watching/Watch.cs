using System.Collections.Immutable;

namespace Agent.Watching;

/// <summary>A named set of local ports whose connections are counted, per client address and against a limit where there is one.</summary>
/// <param name="Name">What operators call it.</param>
/// <param name="Ports">Its ports, as configured; none twice.</param>
internal sealed record Watch(string Name, ImmutableArray<ushort> Ports)
{
    /// <summary>How many clients are shown by default.</summary>
    internal const int DefaultShownClients = 10;

    /// <summary>How many connections a client may hold; null where there is no limit.</summary>
    public int? Limit { get; init; }

    /// <summary>Where the limit, or that there is none, came from: an option as a user writes it, or <c>default</c>.</summary>
    public string LimitSource { get; init; } = "default";

    /// <summary>From how many connections of one client on the watch is in <see cref="WatchState.Warning"/>; null for never.</summary>
    public Threshold? Warning { get; init; }

    /// <summary>From how many connections of one client on the watch is in <see cref="WatchState.Critical"/>; null for never.</summary>
    public Threshold? Critical { get; init; }

    /// <summary>Whether a threshold was given.</summary>
    public bool HasThresholds => Warning is not null || Critical is not null;

    /// <summary>How many clients are shown, those that hold most; 0 for none.</summary>
    public int ShownClients { get; init; } = DefaultShownClients;

    /// <summary>The state that a client with so many connections puts the watch into.</summary>
    internal WatchState StateAt(int held) =>
        held >= Critical?.InConnections(Limit) ? WatchState.Critical
        : held >= Warning?.InConnections(Limit) ? WatchState.Warning
        : WatchState.Fine;
}
