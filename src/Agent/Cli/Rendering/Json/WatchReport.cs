using Agent.Watching;

namespace Agent.Cli.Rendering.Json;

/// <summary>What was counted for a watch.</summary>
internal sealed record WatchReport
{
    public required string Name { get; init; }

    /// <summary>The configured name of its network namespace; null for the main one.</summary>
    public required string? Netns { get; init; }

    /// <summary><c>ok</c>, <c>warning</c>, <c>unknown</c> or <c>critical</c>; null without thresholds.</summary>
    public required string? State { get; init; }

    /// <summary>ESTABLISHED connections whose peer speaks IPv4, on all ports.</summary>
    public required long Ipv4 { get; init; }

    /// <summary>ESTABLISHED connections whose peer speaks IPv6, on all ports.</summary>
    public required long Ipv6 { get; init; }

    /// <summary>Those of both that no process has accepted yet.</summary>
    public required long Unaccepted { get; init; }

    /// <summary>Of all ports; null where nothing listens.</summary>
    public required QueueReport? AcceptQueue { get; init; }

    /// <summary>Held by all clients together.</summary>
    public required long Held { get; init; }

    /// <summary>Held by the client that holds most.</summary>
    public required int Highest { get; init; }

    /// <summary>How many a client may hold; null where there is no limit, or <see cref="LimitError"/> says why it is unknown.</summary>
    public required int? Limit { get; init; }

    /// <summary>Where the limit comes from: an option, a place in the configuration file, the service that was asked, or <c>default</c>.</summary>
    public required string LimitSource { get; init; }

    /// <summary>Why the service that was asked did not tell the limit, in one line; null where it did, and where no service is asked.</summary>
    public required string? LimitError { get; init; }

    /// <summary>Whether that service refuses the agent's own address; null without an answer, and where no service is asked.</summary>
    public required bool? LimitRefused { get; init; }

    /// <summary>From how many connections of one client on <see cref="State"/> is <c>warning</c>; null for never.</summary>
    public required int? Warning { get; init; }

    /// <summary>From how many connections of one client on <see cref="State"/> is <c>critical</c>; null for never.</summary>
    public required int? Critical { get; init; }

    /// <summary>How many clients hold at least one connection.</summary>
    public required int Clients { get; init; }

    /// <summary>Those that hold most, the highest first.</summary>
    public required IReadOnlyList<ClientReport> TopClients { get; init; }

    /// <summary>In rising order.</summary>
    public required IReadOnlyList<PortReport> Ports { get; init; }

    /// <summary>Who holds the clients' ends; null without <c>--processes</c>.</summary>
    public required WatchProcessesReport? Processes { get; init; }

    internal static WatchReport Of(WatchCounts counts, NamespaceCounts found)
    {
        Watch watch = counts.Watch;
        int? limit = counts.Limit.Value;
        WatchTotals totals = WatchTotals.Of(watch, found);
        return new WatchReport
        {
            Name = watch.Name,
            Netns = found.Netns,
            State = watch.HasThresholds ? Word(counts.State) : null,
            Ipv4 = totals.Ipv4,
            Ipv6 = totals.Ipv6,
            Unaccepted = totals.Unaccepted,
            AcceptQueue = QueueReport.Of(totals.AcceptQueue),
            Held = counts.Held,
            Highest = counts.Highest,
            Limit = limit,
            LimitSource = counts.Limit.Source,
            LimitError = counts.Limit.Problem is { } problem ? ErrorLine.Flatten(problem) : null,
            LimitRefused = counts.Limit.IsRefused,
            Warning = watch.Warning?.InConnections(limit),
            Critical = watch.Critical?.InConnections(limit),
            Clients = counts.Clients,
            TopClients = [.. counts.Shown.Select(client => ClientReport.Of(client, limit))],
            Ports = [.. found.Ports.Where(port => watch.Ports.Contains(port.Port)).Select(PortReport.Of)],
            Processes = counts.Processes is { } processes ? WatchProcessesReport.Of(processes) : null,
        };
    }

    private static string Word(WatchState state) => state switch
    {
        WatchState.Critical => "critical",
        WatchState.Unknown => "unknown",
        WatchState.Warning => "warning",
        _ => "ok",
    };
}
