using System.Collections.Immutable;
using Agent.Limits;
using Agent.Limits.Consul;

namespace Agent.Watching;

/// <summary>A named set of local ports whose connections are counted, per client address and against a limit where there is one.</summary>
/// <param name="Name">What operators call it.</param>
/// <param name="Ports">Its ports, as configured; none twice.</param>
internal sealed record Watch(string Name, ImmutableArray<ushort> Ports)
{
    /// <summary>How many clients are shown by default.</summary>
    internal const int DefaultShownClients = 10;

    /// <summary>How many connections a client may hold, as configured; unknown where <see cref="LimitFrom"/> is asked.</summary>
    public ClientLimit Limit { get; init; } = new(null, "default");

    /// <summary>The service that is asked for the limit; null where it is configured.</summary>
    public ConsulEndpoint? LimitFrom { get; init; }

    /// <summary>From how many connections of one client on the watch is in <see cref="WatchState.Warning"/>; null for never.</summary>
    public Threshold? Warning { get; init; }

    /// <summary>From how many connections of one client on the watch is in <see cref="WatchState.Critical"/>; null for never.</summary>
    public Threshold? Critical { get; init; }

    /// <summary>Whether a threshold was given.</summary>
    public bool HasThresholds => Warning is not null || Critical is not null;

    /// <summary>How many clients are shown, those that hold most; 0 for none.</summary>
    public int ShownClients { get; init; } = DefaultShownClients;

    /// <summary>The state that a client with so many connections puts the watch into.</summary>
    /// <param name="held">How many.</param>
    /// <param name="limit">The limit at that time.</param>
    internal WatchState StateAt(int held, ClientLimit limit) =>
        held >= Critical?.InConnections(limit.Value) ? WatchState.Critical
        : limit.IsUnknown && (Critical is { IsShare: true } || Warning is { IsShare: true }) ? WatchState.Unknown
        : held >= Warning?.InConnections(limit.Value) ? WatchState.Warning
        : WatchState.Fine;
}
