using Agent.Readings;
using Agent.Watching;
using Agent.Workloads;

namespace Agent.Cli.Rendering;

/// <summary>
/// The document of <c>--output json</c>. Keys may be added; a key that is renamed or removed needs a new <see cref="SchemaVersion"/>. Every key is
/// always present; it is null if it does not apply.
/// </summary>
internal sealed record SnapshotReport
{
    /// <summary>The version of this shape: 1.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Whether every network namespace was counted.</summary>
    public required bool Success { get; init; }

    /// <summary>The filter of all counts; null if everything was counted.</summary>
    public required string? Filter { get; init; }

    /// <summary>One for each network namespace, the main one first.</summary>
    public required IReadOnlyList<CensusReport> Censuses { get; init; }

    /// <summary>The watches that were counted: those of the main network namespace first, then in the order of the configuration.</summary>
    public required IReadOnlyList<WatchReport> Watches { get; init; }

    /// <summary>The configured databases in their order; null without <c>--databases</c>.</summary>
    public required IReadOnlyList<DatabaseReport>? Databases { get; init; }

    internal static SnapshotReport Of(Snapshot snapshot) => new()
    {
        Success = snapshot.Succeeded,
        Filter = snapshot.Filter,
        Censuses = [.. snapshot.Namespaces.Select(CensusReport.Of)],
        Watches = [.. snapshot.Namespaces.SelectMany(found => found.Watches.Select(counts => WatchReport.Of(counts, found, snapshot.View)))],
        Databases = snapshot.Databases is { } databases ? [.. databases.Select(database => DatabaseReport.Of(database, snapshot.View))] : null,
    };
}

/// <summary>The census of one network namespace.</summary>
/// <param name="Netns">The namespace as configured; null for the main one.</param>
/// <param name="Success">Whether the census succeeded. If not, the namespace's watches are absent.</param>
/// <param name="Error">Why it failed, in one line; null if it succeeded.</param>
/// <param name="CountedAt">When the census ended; null if it failed.</param>
/// <param name="DurationSeconds">How long the census took; null if none has ended, which cannot happen with --once.</param>
internal sealed record CensusReport(string? Netns, bool Success, string? Error, DateTimeOffset? CountedAt, double? DurationSeconds)
{
    internal static CensusReport Of(NamespaceCounts found) => new(
        found.Netns,
        found.Succeeded,
        found.Failure is { } failure ? OneLine.Of(failure) : null,
        found.Succeeded ? found.LastSuccess : null,
        found.Duration?.TotalSeconds);
}

/// <summary>The counts of a watch.</summary>
internal sealed record WatchReport
{
    public required string Name { get; init; }

    /// <summary>Its network namespace as configured; null for the main one.</summary>
    public required string? Netns { get; init; }

    /// <summary><c>ok</c>, <c>warning</c>, <c>unknown</c> or <c>critical</c>; null without thresholds.</summary>
    public required string? State { get; init; }

    /// <summary>ESTABLISHED connections from IPv4 peers, on all ports.</summary>
    public required long Ipv4 { get; init; }

    /// <summary>ESTABLISHED connections from IPv6 peers, on all ports.</summary>
    public required long Ipv6 { get; init; }

    /// <summary>The part of both that no process has accepted yet.</summary>
    public required long Unaccepted { get; init; }

    /// <summary>The accept queues of all ports and unix sockets together; null if no socket listens.</summary>
    public required QueueReport? AcceptQueue { get; init; }

    /// <summary>Connections that all clients together hold.</summary>
    public required long Held { get; init; }

    /// <summary>Whether <see cref="Held"/>, <see cref="Highest"/> and the clients' counts may be too low, because of dead connections that the agent could not see.</summary>
    public required bool HeldIsMinimum { get; init; }

    /// <summary>The dead ones of <see cref="Held"/>; null if the agent could not look for them.</summary>
    public required long? Dead { get; init; }

    /// <summary>Why the agent could not see all dead connections, in one line; null if it could.</summary>
    public required string? DeadError { get; init; }

    /// <summary>How old <see cref="Dead"/> is; null if it is of this census.</summary>
    public required double? DeadAgeSeconds { get; init; }

    /// <summary>Connections of the client that holds the most.</summary>
    public required int Highest { get; init; }

    /// <summary>The limit per client; null if there is none, or if <see cref="LimitError"/> says why it is unknown.</summary>
    public required int? Limit { get; init; }

    /// <summary>The source of the limit: an option, a place in the configuration file, the service that was asked, or <c>default</c>.</summary>
    public required string LimitSource { get; init; }

    /// <summary>Why the service did not report its limit, in one line; null if it did, or if no service is asked.</summary>
    public required string? LimitError { get; init; }

    /// <summary>Whether the service refuses the agent's own address; null without a reply, or if no service is asked.</summary>
    public required bool? LimitRefused { get; init; }

    /// <summary>The number of connections of one client at which <see cref="State"/> becomes <c>warning</c>; null for never.</summary>
    public required int? Warning { get; init; }

    /// <summary>The number of connections of one client at which <see cref="State"/> becomes <c>critical</c>; null for never.</summary>
    public required int? Critical { get; init; }

    /// <summary>The limit of all clients together; null if there is none.</summary>
    public required int? TotalLimit { get; init; }

    /// <summary>The source of that limit: an option, or a place in the configuration file; null if there is none.</summary>
    public required string? TotalLimitSource { get; init; }

    /// <summary>The number of connections of all clients at which <see cref="State"/> becomes <c>warning</c>; null for never.</summary>
    public required int? TotalWarning { get; init; }

    /// <summary>The number of connections of all clients at which <see cref="State"/> becomes <c>critical</c>; null for never.</summary>
    public required int? TotalCritical { get; init; }

    /// <summary>The use of the server, as its database reports it; null if the watch names no database.</summary>
    public required ServerReport? Server { get; init; }

    /// <summary>The open files of the server's process that is nearest to its limit; null if the agent cannot see them.</summary>
    public required OpenFilesReport? OpenFiles { get; init; }

    /// <summary>How many clients hold at least one connection.</summary>
    public required int Clients { get; init; }

    /// <summary>The clients that hold the most, the highest first.</summary>
    public required IReadOnlyList<ClientReport> TopClients { get; init; }

    /// <summary>The ports in ascending order.</summary>
    public required IReadOnlyList<PortReport> Ports { get; init; }

    /// <summary>The unix sockets in the order of the configuration; null if a filter was given, which leaves them out.</summary>
    public required IReadOnlyList<UnixSocketReport>? UnixSockets { get; init; }

    /// <summary>The processes that hold the clients' ends; null without <c>--processes</c>.</summary>
    public required WatchProcessesReport? Processes { get; init; }

    internal static WatchReport Of(WatchCounts counts, NamespaceCounts found, StoreView view)
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
            HeldIsMinimum = counts.IsMinimum,
            Dead = counts.Dead,
            DeadError = found.DeadProblem is { } deadProblem ? OneLine.Of(deadProblem) : null,
            DeadAgeSeconds = found.DeadAge?.TotalSeconds,
            Highest = counts.Highest,
            Limit = limit,
            LimitSource = counts.Limit.Source,
            LimitError = counts.Limit.Problem is { } problem ? OneLine.Of(problem) : null,
            LimitRefused = counts.Limit.IsRefused,
            Warning = watch.ClientConnectionsAt(watch.Warning, limit),
            Critical = watch.ClientConnectionsAt(watch.Critical, limit),
            TotalLimit = watch.TotalLimit?.Value,
            TotalLimitSource = watch.TotalLimit?.Source,
            TotalWarning = watch.Database is null ? watch.TotalConnectionsAt(watch.Warning) : null,
            TotalCritical = watch.Database is null ? watch.TotalConnectionsAt(watch.Critical) : null,
            Server = counts.ServerJudgement is { } server ? ServerReport.Of(server) : null,
            OpenFiles = counts.OpenFiles is { } files ? new OpenFilesReport(files.Open, files.Limit, files.ProcessId) : null,
            Clients = counts.Clients,
            TopClients = [.. counts.Shown.Select(client => ClientReport.Of(client, limit, hasDead: counts.Dead is not null))],
            Ports = [.. found.Ports.Where(port => watch.Ports.Contains(port.Port)).Select(PortReport.Of)],
            UnixSockets = UnixSocketReport.AllOf(watch, found),
            Processes = ProcessReading.Of(view, found.Netns, watch.Name) is { } processes ? WatchProcessesReport.Of(processes) : null,
        };
    }

    /// <summary>A state as the document writes it.</summary>
    internal static string Word(WatchState state) => state switch
    {
        WatchState.Critical => "critical",
        WatchState.Unknown => "unknown",
        WatchState.Warning => "warning",
        _ => "ok",
    };
}

/// <summary>The accept queues of one port or more, added up.</summary>
/// <param name="Length">Connections that wait to be accepted.</param>
/// <param name="Limit">How many may wait.</param>
internal sealed record QueueReport(long Length, long Limit)
{
    internal static QueueReport? Of(AcceptQueue? queue) => queue is { } some ? new QueueReport(some.Length, some.Limit) : null;
}

/// <summary>The open files of a process.</summary>
/// <param name="Open">How many it has open.</param>
/// <param name="Limit">How many it may have open.</param>
/// <param name="Pid">Its PID.</param>
internal sealed record OpenFilesReport(long Open, long Limit, int Pid);

/// <summary>A client.</summary>
/// <param name="Address">Its IP address.</param>
/// <param name="Held">Connections that it holds.</param>
/// <param name="Dead">The dead ones of them; null if the agent could not look for them.</param>
/// <param name="PercentOfLimit">Rounded down; null without a limit.</param>
internal sealed record ClientReport(string Address, int Held, int? Dead, long? PercentOfLimit)
{
    internal static ClientReport Of(ClientCount client, int? limit, bool hasDead) => new(
        client.Client.ToString(),
        client.Held,
        hasDead ? client.Dead : null,
        limit is { } most ? WatchTotals.PercentOf(client.Held, most) : null);
}

/// <summary>A local port.</summary>
/// <param name="Port">Its number.</param>
/// <param name="Ipv4">ESTABLISHED connections from IPv4 peers.</param>
/// <param name="Ipv6">ESTABLISHED connections from IPv6 peers.</param>
/// <param name="Unaccepted">The part of both that no process has accepted yet.</param>
/// <param name="Dead">Connections that the kernel has ended and the server has not closed; null if the agent could not look for them.</param>
/// <param name="AcceptQueue">Null if no socket listens.</param>
internal sealed record PortReport(int Port, long Ipv4, long Ipv6, long Unaccepted, long? Dead, QueueReport? AcceptQueue)
{
    internal static PortReport Of(PortCounts counts) =>
        new(counts.Port, counts.Ipv4, counts.Ipv6, counts.Unaccepted, counts.Dead, QueueReport.Of(counts.AcceptQueue));
}

/// <summary>A unix socket.</summary>
/// <param name="Path">Its path as configured.</param>
/// <param name="Accepted">Connections that the server has accepted and not closed.</param>
/// <param name="AcceptQueue">Null if no socket listens.</param>
internal sealed record UnixSocketReport(string Path, long Accepted, QueueReport? AcceptQueue)
{
    /// <returns>Null if the watch has unix sockets and none of them was counted.</returns>
    internal static IReadOnlyList<UnixSocketReport>? AllOf(Watch watch, NamespaceCounts found) =>
        found.UnixSockets.IsEmpty && watch.UnixSockets.Length > 0
            ? null
            :
            [
                .. from path in watch.UnixSockets
                   from socket in found.UnixSockets
                   where socket.Path == path
                   select new UnixSocketReport(path, socket.Accepted, QueueReport.Of(socket.AcceptQueue)),
            ];
}

/// <summary>The processes that hold the clients' ends of a watch's connections.</summary>
/// <param name="Error">Why the lookup failed, in one line; null if it succeeded.</param>
/// <param name="HiddenProcesses">How many processes of this host the agent may not look into; null after an error.</param>
/// <param name="Clients">The same clients as in <see cref="WatchReport.TopClients"/>; null after an error.</param>
internal sealed record WatchProcessesReport(string? Error, int? HiddenProcesses, IReadOnlyList<ClientProcessesReport>? Clients)
{
    internal static WatchProcessesReport Of(WatchProcesses processes) => processes.Failure is { } failure
        ? new WatchProcessesReport(OneLine.Of(failure), null, null)
        : new WatchProcessesReport(null, processes.Hidden, [.. processes.Clients.Select(ClientProcessesReport.Of)]);
}

/// <summary>The processes that hold the connections of a client.</summary>
/// <param name="Address">The client's IP address.</param>
/// <param name="Held">All its connections, just after the census; the dead ones of the census included.</param>
/// <param name="Processes">The processes that hold the most, the highest first.</param>
/// <param name="MoreProcesses">How many further processes there are.</param>
/// <param name="Closed">Connections that the client has closed and the server has not.</param>
/// <param name="Dead">Connections that the kernel has ended and the server has not closed, as far as the agent could see them.</param>
/// <param name="Unseen">Connections whose end is in no process that the agent can see.</param>
/// <param name="Elsewhere">Connections whose end is not in this network namespace.</param>
internal sealed record ClientProcessesReport(
    string Address, int Held, IReadOnlyList<ProcessReport> Processes, int MoreProcesses, int Closed, int Dead, int Unseen, int Elsewhere)
{
    internal static ClientProcessesReport Of(ClientProcesses client) => new(
        client.Client.ToString(),
        client.Held,
        [.. client.Processes.Select(ProcessReport.Of)],
        client.MoreProcesses,
        client.Closed,
        client.Dead,
        client.Unseen,
        client.Elsewhere);
}

/// <summary>A process that holds clients' ends.</summary>
/// <param name="Pid">Its PID.</param>
/// <param name="Command">Its name; null if it ended before the agent could read it.</param>
/// <param name="Unit">Its systemd unit, within its container if it has one; null without.</param>
/// <param name="UnitUserId">The user whose systemd instance runs the unit; null for the system instance, and without a unit.</param>
/// <param name="Container">Its container; null without.</param>
/// <param name="Connections">Connections that it holds.</param>
/// <param name="Shared">The part of them that another process holds too.</param>
internal sealed record ProcessReport(
    int Pid, string? Command, string? Unit, long? UnitUserId, ContainerReport? Container, int Connections, int Shared)
{
    internal static ProcessReport Of(ProcessConnections process)
    {
        (int id, string? command, Workload workload) = process.Process;
        return new ProcessReport(
            id, command, workload.Unit, workload.UnitUserId, ContainerReport.Of(workload.Container), process.Connections, process.Shared);
    }
}

/// <summary>A container.</summary>
/// <param name="Runtime"><c>docker</c>, <c>podman</c>, <c>containerd</c>, …; null if unknown.</param>
/// <param name="Name">Its full id, or its name if the runtime gives one.</param>
internal sealed record ContainerReport(string? Runtime, string Name)
{
    internal static ContainerReport? Of(Container? container) => container is null ? null : new ContainerReport(container.Runtime, container.Name);
}
