using System.Collections.Immutable;
using System.Globalization;
using Agent.Limits;
using Agent.Limits.Consul;

namespace Agent.Watching;

/// <summary>
/// A named set of local ports and unix sockets whose connections are counted per client, and against a limit if there is one. It has at least one port or
/// unix socket.
/// </summary>
/// <param name="Name">The name that operators gave it.</param>
/// <param name="Ports">Its ports, as configured, without duplicates; empty for a watch that has only unix sockets.</param>
internal sealed record Watch(string Name, ImmutableArray<ushort> Ports)
{
    /// <summary>How many clients are shown by default.</summary>
    internal const int DefaultShownClients = 10;

    /// <summary>The paths of the unix sockets whose connections are counted too; all their clients are one, <see cref="Client.Unix"/>.</summary>
    public ImmutableArray<string> UnixSockets { get; init; } = [];

    /// <summary>How many connections all clients together may hold; null without such a limit.</summary>
    public TotalLimit? TotalLimit { get; init; }

    /// <summary>How many connections a client may hold, as configured; unknown where a service decides it.</summary>
    public ClientLimit Limit { get; init; } = new(null, ClientLimit.Assumed);

    /// <summary>The service that decides the limit; null where the limit is configured.</summary>
    public ConsulEndpoint? LimitFrom { get; init; }

    /// <summary>The configured name of the database whose server tells how many connections it may have in total and has; null for none.</summary>
    public string? Database { get; init; }

    /// <summary>The threshold of <see cref="WatchState.Warning"/>; null for none.</summary>
    public Threshold? Warning { get; init; }

    /// <summary>The threshold of <see cref="WatchState.Critical"/>; null for none.</summary>
    public Threshold? Critical { get; init; }

    /// <summary>Whether there is a threshold.</summary>
    public bool HasThresholds => Warning is not null || Critical is not null;

    /// <summary>How many clients are shown, from those that hold most; 0 for none.</summary>
    public int ShownClients { get; init; } = DefaultShownClients;

    /// <summary>
    /// Whether thresholds in connections judge the connections of all clients together: there is a total limit, configured or
    /// from a database, and no limit per client. Decided by the configuration, so that an answer of the service does not change what a threshold means.
    /// </summary>
    internal bool NumbersJudgeTotal =>
        (TotalLimit is not null || Database is not null) && Limit is { Value: null, IsUnknown: false } && LimitFrom is null;

    /// <summary>The number of connections of one client that reaches a threshold; null for never.</summary>
    /// <param name="threshold"><see cref="Warning"/> or <see cref="Critical"/>.</param>
    /// <param name="limit">The limit per client that a percentage refers to.</param>
    internal int? ClientConnectionsAt(Threshold? threshold, int? limit) =>
        threshold is { IsShare: false } && NumbersJudgeTotal ? null : threshold?.InConnections(limit);

    /// <summary>The number of connections of all clients together that reaches a threshold; null for never.</summary>
    /// <param name="threshold"><see cref="Warning"/> or <see cref="Critical"/>.</param>
    internal int? TotalConnectionsAt(Threshold? threshold) => ThresholdOfTotal(threshold)?.InConnections(TotalLimit?.Value);

    /// <summary>A threshold if it judges all clients together, or the server of the database; otherwise null.</summary>
    /// <param name="threshold"><see cref="Warning"/> or <see cref="Critical"/>.</param>
    internal Threshold? ThresholdOfTotal(Threshold? threshold) => threshold is { IsShare: true } || NumbersJudgeTotal ? threshold : null;

    /// <summary>The state of one client by the thresholds alone.</summary>
    /// <param name="held">Connections of the client.</param>
    /// <param name="limit">The limit per client that is in force.</param>
    internal WatchState StateAt(int held, ClientLimit limit) =>
        held >= ClientConnectionsAt(Critical, limit.Value) ? WatchState.Critical
        : limit.IsUnknown && (Critical is { IsShare: true } || Warning is { IsShare: true }) ? WatchState.Unknown
        : held >= ClientConnectionsAt(Warning, limit.Value) ? WatchState.Warning
        : WatchState.Fine;

    /// <summary>The state of all clients together. At the total limit it is critical, whatever the thresholds are. Fine without thresholds.</summary>
    /// <param name="held">Connections of all clients.</param>
    internal WatchState TotalStateAt(long held) =>
        !HasThresholds ? WatchState.Fine
        : held >= TotalConnectionsAt(Critical) || held >= TotalLimit?.Value ? WatchState.Critical
        : held >= TotalConnectionsAt(Warning) ? WatchState.Warning
        : WatchState.Fine;
}

/// <summary>
/// The number of connections from which a watch needs attention: a count, <c>160</c>, or a share of each limit that the watch has, <c>80%</c>.
/// </summary>
/// <param name="Number">Connections, or per cent.</param>
/// <param name="IsShare">Whether it is a share of the limit.</param>
internal readonly record struct Threshold(int Number, bool IsShare)
{
    /// <exception cref="FormatException">The text is not a threshold; the message is one line.</exception>
    internal static Threshold Parse(string text)
    {
        bool isShare = text.EndsWith('%');
        return int.TryParse(isShare ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && number >= 1 && (!isShare || number <= 100)
            ? new Threshold(number, isShare)
            : throw new FormatException(
                $"'{text}' is not a threshold; give a number of connections from 1 on, or a share of the limit from 1% to 100%");
    }

    /// <summary>The lowest number of connections that reaches it; null for a share without a limit, which no number reaches.</summary>
    /// <param name="limit">The limit that a share refers to.</param>
    internal int? InConnections(int? limit) => IsShare ? (int?)(((limit * (long)Number) + 99) / 100) : Number;

    public override string ToString() => IsShare ? $"{Number}%" : $"{Number}";
}
