using System.Collections.Immutable;
using Agent.Limits;
using Agent.Limits.Consul;

namespace Agent.Watching;

/// <summary>A named set of local ports whose connections are counted per client address, and against a limit if there is one.</summary>
/// <param name="Name">The name that operators gave it.</param>
/// <param name="Ports">Its ports, as configured, without duplicates.</param>
internal sealed record Watch(string Name, ImmutableArray<ushort> Ports)
{
    /// <summary>How many clients are shown by default.</summary>
    internal const int DefaultShownClients = 10;

    /// <summary>How many connections a client may hold, as configured; unknown where a service decides it.</summary>
    public ClientLimit Limit { get; init; } = new(null, "default");

    /// <summary>The service that decides the limit; null where the limit is configured.</summary>
    public ConsulEndpoint? LimitFrom { get; init; }

    /// <summary>The threshold of <see cref="WatchState.Warning"/>; null for none.</summary>
    public Threshold? Warning { get; init; }

    /// <summary>The threshold of <see cref="WatchState.Critical"/>; null for none.</summary>
    public Threshold? Critical { get; init; }

    /// <summary>Whether there is a threshold.</summary>
    public bool HasThresholds => Warning is not null || Critical is not null;

    /// <summary>How many clients are shown, from those that hold most; 0 for none.</summary>
    public int ShownClients { get; init; } = DefaultShownClients;

    /// <summary>The state of the watch by its thresholds alone.</summary>
    /// <param name="held">Connections of the client that holds most.</param>
    /// <param name="limit">The limit that is in force.</param>
    internal WatchState StateAt(int held, ClientLimit limit) =>
        held >= Critical?.InConnections(limit.Value) ? WatchState.Critical
        : limit.IsUnknown && (Critical is { IsShare: true } || Warning is { IsShare: true }) ? WatchState.Unknown
        : held >= Warning?.InConnections(limit.Value) ? WatchState.Warning
        : WatchState.Fine;
}
