using System.Collections.Immutable;
using Agent.Limits;
using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>The counts of a watch: connections that are <b>held</b>, ESTABLISHED or CLOSE_WAIT and accepted by a process.</summary>
/// <param name="Watch">The watch.</param>
/// <param name="Held">Connections of all clients.</param>
/// <param name="Clients">How many clients hold at least one.</param>
/// <param name="Highest">Connections of the client that holds most; 0 without clients.</param>
/// <param name="Peak">The highest <paramref name="Highest"/> of the last 60 s; null for a single census.</param>
/// <param name="Shown">The clients that hold most, the highest first.</param>
internal sealed record WatchCounts(Watch Watch, long Held, int Clients, int Highest, int? Peak, ImmutableArray<ClientCount> Shown)
{
    /// <summary>The limit that is in force.</summary>
    public ClientLimit Limit { get; init; } = Watch.Limit;

    /// <summary>
    /// The state of the watch: that of the client that holds most, or a worse one. A service that answers 429 to the agent is at the limit,
    /// whatever was counted. While the limit that a service decides is unknown, the state is unknown, even below a threshold in connections: the
    /// threshold may be above the limit. A client at a known limit is critical, even below the thresholds.
    /// </summary>
    internal WatchState State => (Watch.HasThresholds, Limit.Refusal, Watch.StateAt(Highest, Limit)) switch
    {
        (true, Refusal.Yes, _) => WatchState.Critical,
        (true, _, < WatchState.Unknown) when Limit.IsUnknown => WatchState.Unknown,
        (true, _, WatchState.Fine) when !Limit.IsAssumed && Highest >= Limit.Value => WatchState.Critical,
        (_, _, var state) => state,
    };
}

/// <summary>A client and the connections that it holds.</summary>
/// <param name="Address">The peer's address; v4-mapped is IPv4.</param>
/// <param name="Held">Its connections that are ESTABLISHED or CLOSE_WAIT, and accepted.</param>
internal readonly record struct ClientCount(InetAddress Address, int Held);

/// <summary>
/// How near the client that holds most is to the limit of a watch. In rising order: the worst state of several watches is the highest.
/// </summary>
internal enum WatchState
{
    /// <summary>Below every threshold, or without one.</summary>
    Fine,

    /// <summary>At the lower threshold or above.</summary>
    Warning,

    /// <summary>It cannot be judged: the limit that the thresholds refer to is unknown, and the upper one is not known to be reached.</summary>
    Unknown,

    /// <summary>At the upper threshold or above.</summary>
    Critical,
}
