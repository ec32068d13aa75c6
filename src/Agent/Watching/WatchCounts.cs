using System.Collections.Immutable;
using Agent.Limits;
using Agent.Workloads;

namespace Agent.Watching;

/// <summary>What a census found for a watch: connections that are <b>held</b>, ESTABLISHED or CLOSE_WAIT and accepted by a process.</summary>
/// <param name="Watch">The watch.</param>
/// <param name="Held">Held by all clients together.</param>
/// <param name="Clients">How many clients hold at least one.</param>
/// <param name="Highest">Held by the client that holds most; 0 without clients.</param>
/// <param name="Peak">The highest <paramref name="Highest"/> of the last 60 s; null for a census that stands alone.</param>
/// <param name="Shown">The clients that hold most, the highest first.</param>
internal sealed record WatchCounts(Watch Watch, long Held, int Clients, int Highest, int? Peak, ImmutableArray<ClientCount> Shown)
{
    /// <summary>The limit at that time.</summary>
    public ClientLimit Limit { get; init; } = Watch.Limit;

    /// <summary>Which processes hold the clients' ends; null where nobody asked.</summary>
    public WatchProcesses? Processes { get; init; }

    /// <summary>
    /// The state of the watch: that of the client that holds most, and worse where the question for the limit showed more. A service that refuses
    /// the agent's own address is at the limit, whatever was counted. While a limit that was asked for is unknown, nothing is known to be fine:
    /// a threshold in connections may lie above the limit. Where it does so with a limit that is known, a client at the limit is critical.
    /// </summary>
    internal WatchState State => (Watch.HasThresholds, Limit.Refusal, Watch.StateAt(Highest, Limit)) switch
    {
        (true, Refusal.Yes, _) => WatchState.Critical,
        (true, _, < WatchState.Unknown) when Limit.IsUnknown => WatchState.Unknown,
        (true, _, WatchState.Fine) when !Limit.IsAssumed && Highest >= Limit.Value => WatchState.Critical,
        (_, _, var state) => state,
    };
}
