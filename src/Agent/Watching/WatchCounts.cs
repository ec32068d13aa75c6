using System.Collections.Immutable;
using Agent.Limits;

namespace Agent.Watching;

/// <summary>
/// The counts of a watch: connections that are <b>held</b>, which means that they take a slot of the server's limit: accepted by a process, and
/// ESTABLISHED, CLOSE_WAIT or dead.
/// </summary>
/// <param name="Watch">The watch.</param>
/// <param name="Held">Connections of all clients.</param>
/// <param name="Clients">How many clients hold at least one.</param>
/// <param name="Highest">Connections of the client that holds most; 0 without clients.</param>
/// <param name="Peak">The highest <paramref name="Highest"/> of the last 60 s; null for a single census.</param>
/// <param name="Shown">The clients that hold most, the highest first.</param>
internal sealed record WatchCounts(Watch Watch, long Held, int Clients, int Highest, int? Peak, ImmutableArray<ClientCount> Shown)
{
    /// <summary>
    /// The dead ones of <see cref="Held"/>: the kernel has ended the connection, and the server has not closed it. Null where the agent could not
    /// look for them.
    /// </summary>
    public long? Dead { get; init; }

    /// <summary>
    /// Whether <see cref="Held"/>, <see cref="Highest"/> and the counts of the clients may be too low: there may be dead connections that the
    /// agent could not see.
    /// </summary>
    public bool IsMinimum { get; init; }

    /// <summary>The open files of the server's process that is nearest to its limit; null where the agent cannot see them.</summary>
    public OpenFiles? OpenFiles { get; init; }

    /// <summary>The limit per client that is in force.</summary>
    public ClientLimit Limit { get; init; } = Watch.Limit;

    /// <summary>The use of the server as its database reports it; null for a watch without one.</summary>
    public ServerUse? Server { get; init; } = Watch.Database is { } database ? ServerUse.NotAsked(database) : null;

    /// <summary>The judgement of <see cref="Server"/>; null for a watch without one.</summary>
    internal ServerJudgement? ServerJudgement => Server is { } use ? Watching.ServerJudgement.Of(Watch, use) : null;

    /// <summary>The worse state of the two limits: that of the client that holds most, and that of all clients together or of the server.</summary>
    internal WatchState State => ClientState > TotalState ? ClientState : TotalState;

    /// <summary>
    /// Whether check lines report all clients together, or the server, and not the client that holds most: the one with the worse state; then the one
    /// that thresholds in connections judge; then the one that has used more of its limit; then the client.
    /// </summary>
    internal bool IsTotalCloser
    {
        get
        {
            if (Watch is { TotalLimit: null, Database: null } || ClientState != TotalState)
            {
                return TotalState > ClientState;
            }

            bool areNumbers = Watch is { HasThresholds: true, Warning: null or { IsShare: false }, Critical: null or { IsShare: false } };
            return areNumbers ? Watch.NumbersJudgeTotal
                : Limit.Value is not { } limit || (Int128)(UsedOfTotal ?? 0) * limit > (Int128)Highest * (TotalLimitValue ?? 0);
        }
    }

    private long? UsedOfTotal => Server is { } server ? server.Used : Held;

    private int? TotalLimitValue => Server is { } server ? server.UsableLimit : Watch.TotalLimit?.Value;

    /// <summary>
    /// The state of the client that holds most, or a worse one. A service that answers 429 to the agent is at the limit, whatever was counted.
    /// While the limit that a service decides is unknown, the state is unknown, even below a threshold in connections: the threshold may be above
    /// the limit. A client at a known limit is critical, whatever the thresholds are.
    /// </summary>
    private WatchState ClientState => (Watch.HasThresholds, Limit.Refusal, Watch.StateAt(Highest, Limit)) switch
    {
        (true, Refusal.Yes, _) => WatchState.Critical,
        (true, _, < WatchState.Unknown) when Limit.IsUnknown => WatchState.Unknown,
        (true, _, < WatchState.Critical) when !Limit.IsAssumed && Highest >= Limit.Value => WatchState.Critical,
        (_, _, var state) => state,
    };

    // What the kernel counts does not judge a server: a connection may take no slot there.
    private WatchState TotalState => ServerJudgement?.State ?? Watch.TotalStateAt(Held);
}

/// <summary>A client and the connections that it holds.</summary>
/// <param name="Client">The client.</param>
/// <param name="Held">Its connections that take a slot: accepted, and ESTABLISHED, CLOSE_WAIT or dead.</param>
/// <param name="Dead">The dead ones of them, as far as the agent could see them.</param>
internal readonly record struct ClientCount(Client Client, int Held, int Dead = 0);

/// <summary>The open files of a process.</summary>
/// <param name="Open">How many descriptors it has.</param>
/// <param name="Limit">How many it may have: the soft limit RLIMIT_NOFILE, getrlimit(2).</param>
/// <param name="ProcessId">Its PID in the PID namespace of the agent's /proc.</param>
internal readonly record struct OpenFiles(long Open, long Limit, int ProcessId);

/// <summary>
/// How near a watch is to its limits. In rising order: the worst state of several watches is the highest.
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
