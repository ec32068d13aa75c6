using Agent.Limits;
using Agent.Postgres;
using Agent.Readings;
using Agent.Watching;

namespace Agent.Cli.Rendering;

/// <summary>The use of a server, in the JSON of a watch that names a database.</summary>
/// <param name="Database">The configured name of the database.</param>
/// <param name="Used">Connections that take a slot; null if the database gave no answer.</param>
/// <param name="UsableLimit">How many connections ordinary roles may hold together; null while it is unknown.</param>
/// <param name="Warning">The number of used connections that is a warning; null for never.</param>
/// <param name="Critical">The number of used connections that is critical; null for never.</param>
/// <param name="Full">Whether the server refused the login because it is full; null if it did not answer at all.</param>
/// <param name="Error">Why the server is full or gave no answer, in one line; null if it answered.</param>
internal sealed record ServerReport(string Database, int? Used, int? UsableLimit, int? Warning, int? Critical, bool? Full, string? Error)
{
    internal static ServerReport Of(ServerJudgement server)
    {
        ServerUse use = server.Use;
        return new ServerReport(
            use.Database, use.Used, use.UsableLimit, server.WarningAt, server.CriticalAt,
            use.IsFull ? true : use.Used is null ? null : false,
            use.Reason is { } reason ? OneLine.Of(reason) : null);
    }
}

/// <summary>A configured database. What is true of its whole server is there once, at the first database of the server.</summary>
internal sealed record DatabaseReport
{
    /// <summary>Its configured name.</summary>
    public required string Name { get; init; }

    /// <summary>The server's address and port, or the path of its unix socket; null if the database was not asked.</summary>
    public required string? Address { get; init; }

    /// <summary><c>ok</c>, <c>warning</c>, <c>unknown</c> or <c>critical</c>; null without thresholds.</summary>
    public required string? State { get; init; }

    /// <summary>The use of the server.</summary>
    public required ServerReport Server { get; init; }

    /// <summary><c>max_connections</c> and the reserves; null at the further databases of a server, and while they are unknown.</summary>
    public required LimitsReport? Limits { get; init; }

    /// <summary>The version of the server; null without an answer.</summary>
    public required string? Version { get; init; }

    /// <summary><c>primary</c> or <c>standby</c>; null without an answer.</summary>
    public required string? ServerRole { get; init; }

    /// <summary>Whether the agent's role may not see the states and addresses of others; null without an answer.</summary>
    public required bool? Restricted { get; init; }

    /// <summary>Whether the agent's role is a superuser; null without an answer.</summary>
    public required bool? Superuser { get; init; }

    /// <summary>The databases of the server; at its further databases, that one. Null without an answer.</summary>
    public required IReadOnlyList<DatabaseUseReport>? Databases { get; init; }

    /// <summary>The sessions by database, role and state; null without an answer and at the further databases of a server, like all that follows.</summary>
    public required IReadOnlyList<SessionsReport>? Sessions { get; init; }

    /// <summary>The clients that hold most.</summary>
    public required IReadOnlyList<ClientUseReport>? TopClients { get; init; }

    /// <summary>The roles with a limit.</summary>
    public required IReadOnlyList<RoleReport>? LimitedRoles { get; init; }

    /// <summary>The oldest transaction; null if there is none or it is hidden.</summary>
    public required TransactionReport? OldestTransaction { get; init; }

    /// <summary>Connections without a backend, for each watch of the server that can be compared.</summary>
    public required IReadOnlyList<WithoutBackendReport>? WithoutBackend { get; init; }

    /// <summary>The units, containers and processes that hold the clients' ends; null without <c>--processes</c>.</summary>
    public required HoldersReport? Processes { get; init; }

    internal static DatabaseReport Of(ServerJudgement judged, StoreView view)
    {
        string name = judged.Use.Database;
        DatabaseReading? reading = DatabaseReadings.Of(view, name);
        DatabaseStatistics? statistics = reading?.Statistics;
        ServerStatistics? server = statistics?.Server;
        return new DatabaseReport
        {
            Name = name,
            Address = reading?.Database.Login.Server.ToString(),
            State = judged.HasThresholds ? WatchReport.Word(judged.State) : null,
            Server = ServerReport.Of(judged),
            Limits = reading?.Limits is { } limits ? new LimitsReport(limits.Maximum, limits.ReservedForSuperusers, limits.ReservedForRoles) : null,
            Version = statistics?.Version,
            ServerRole = statistics?.Role,
            Restricted = statistics?.IsRestricted,
            Superuser = statistics?.IsSuperuser,
            Databases = statistics is null ? null : [.. statistics.Databases.Select(use => DatabaseUseReport.Of(use, server))],
            Sessions = server is null ? null : [.. SessionGroup.Of(server.Sessions).Select(SessionsReport.Of)],
            TopClients = server is null ? null : [.. server.Clients.Select(client => ClientUseReport.Of(client, judged.Use.UsableLimit))],
            LimitedRoles = server is null ? null : [.. server.LimitedRoles.Select(role => new RoleReport(role.Role, role.Used, role.Limit))],
            OldestTransaction = server is null ? null : TransactionReport.Of(DatabaseReadings.OldestTransaction(server)),
            WithoutBackend = server is null ? null : [.. server.WithoutBackend.Select(each => new WithoutBackendReport(each.Watch, each.Count))],
            Processes = DatabaseReadings.HoldersOf(view, name) is { } holders ? HoldersReport.Of(holders) : null,
        };
    }
}

/// <summary>The limits of a server.</summary>
/// <param name="Maximum"><c>max_connections</c>.</param>
/// <param name="ReservedForSuperusers"><c>superuser_reserved_connections</c>.</param>
/// <param name="ReservedForRoles"><c>reserved_connections</c>.</param>
internal sealed record LimitsReport(int Maximum, int ReservedForSuperusers, int ReservedForRoles);

/// <summary>A database of a server.</summary>
/// <param name="Name">Its name on the server.</param>
/// <param name="Used">Its connections; null at the further databases of a server.</param>
/// <param name="Limit">How many it may have; null for no limit.</param>
/// <param name="SizeBytes">Its size; null if the agent's role may not ask for it.</param>
/// <param name="OldestTransactionSeconds">The age of its oldest transaction; 0 without one, null if it is hidden.</param>
/// <param name="IdleInTransactionSeconds">The longest time for which a session is idle in a transaction; 0 without one, null if it is hidden.</param>
internal sealed record DatabaseUseReport(
    string Name, int? Used, int? Limit, long? SizeBytes, double? OldestTransactionSeconds, double? IdleInTransactionSeconds)
{
    internal static DatabaseUseReport Of(DatabaseUse use, ServerStatistics? server) => new(
        use.Name, server is null ? null : DatabaseReadings.UsedOf(server, use.Name), use.Limit, use.SizeBytes,
        DatabaseReadings.Seconds(use.TransactionSeconds), DatabaseReadings.Seconds(use.IdleInTransactionSeconds));
}

/// <summary>Sessions of one role in one database and one state.</summary>
/// <param name="Database">The database on the server.</param>
/// <param name="Role">The role.</param>
/// <param name="State">As in pg_stat_activity; null if it is hidden.</param>
/// <param name="Count">How many.</param>
internal sealed record SessionsReport(string Database, string Role, string? State, int Count)
{
    internal static SessionsReport Of(SessionGroup group) => new(group.Database, group.Role, group.HasState ? group.State : null, group.Count);
}

/// <summary>A client of a server.</summary>
/// <param name="Address">Its address, or <c>unix</c>.</param>
/// <param name="Used">Its connections.</param>
/// <param name="PercentOfLimit">The part of the usable limit, rounded down; null while the limit is unknown.</param>
internal sealed record ClientUseReport(string Address, int Used, long? PercentOfLimit)
{
    internal static ClientUseReport Of(ClientUse client, int? limit) =>
        new(client.Client, client.Used, limit > 0 ? WatchTotals.PercentOf(client.Used, limit.Value) : null);
}

/// <summary>A role with a limit.</summary>
/// <param name="Role">Its name.</param>
/// <param name="Used">Its connections.</param>
/// <param name="Limit">How many it may have.</param>
internal sealed record RoleReport(string Role, int Used, int Limit);

/// <summary>The oldest transaction of a server.</summary>
/// <param name="Seconds">Its age.</param>
/// <param name="Database">Its database on the server.</param>
/// <param name="Role">Its role.</param>
/// <param name="State">The state of its session.</param>
/// <param name="Address">The client's address; null for a unix socket.</param>
/// <param name="Application">The application's name; empty if it has none.</param>
internal sealed record TransactionReport(double Seconds, string Database, string Role, string State, string? Address, string Application)
{
    internal static TransactionReport? Of(ServerSession? session) => DatabaseReadings.Seconds(session?.TransactionSeconds) is not { } seconds
        ? null
        : new TransactionReport(seconds, session!.Database, session.Role, session.State, session.Client?.Address.ToString(), session.Application);
}

/// <summary>Connections of a watch without a session.</summary>
/// <param name="Watch">The watch.</param>
/// <param name="Connections">How many.</param>
internal sealed record WithoutBackendReport(string Watch, int Connections);

/// <summary>The units, containers and processes that hold the clients' ends of a server's sessions.</summary>
/// <param name="Error">Why the lookup failed, in one line; null if it succeeded.</param>
/// <param name="HiddenProcesses">How many processes of this host the agent may not look into; null after an error, like all that follows.</param>
/// <param name="Holders">Those that hold sessions, the highest first.</param>
/// <param name="Unseen">Sessions whose client is on this host, but in no process that the agent can see.</param>
/// <param name="Elsewhere">Sessions whose client is not on this host.</param>
/// <param name="WithoutAddress">Sessions through a unix socket, and those whose address is hidden.</param>
internal sealed record HoldersReport(
    string? Error, int? HiddenProcesses, IReadOnlyList<HolderReport>? Holders, int? Unseen, int? Elsewhere, int? WithoutAddress)
{
    internal static HoldersReport Of(SessionHolders found) => found.Failure is { } failure
        ? new HoldersReport(OneLine.Of(failure), null, null, null, null, null)
        : new HoldersReport(
            null, found.HiddenProcesses, [.. found.Holders.Select(HolderReport.Of)], found.Unseen, found.Elsewhere, found.WithoutAddress);
}

/// <summary>A unit, a container or a process that holds sessions.</summary>
/// <param name="Unit">Its systemd unit; null without.</param>
/// <param name="UnitUserId">The user whose systemd instance runs the unit; null for the system instance, and without a unit.</param>
/// <param name="Container">Its container; null without.</param>
/// <param name="Pids">The PIDs of its processes that hold sessions.</param>
/// <param name="Command">The name of the first of them; null if it ended before the agent could read it.</param>
/// <param name="Used">Its sessions.</param>
/// <param name="Sessions">The same by database, role and state.</param>
internal sealed record HolderReport(
    string? Unit, long? UnitUserId, ContainerReport? Container, IReadOnlyList<int> Pids, string? Command, int Used, IReadOnlyList<SessionsReport> Sessions)
{
    internal static HolderReport Of(SessionHolder holder) => new(
        holder.Workload.Unit, holder.Workload.UnitUserId, ContainerReport.Of(holder.Workload.Container),
        [.. holder.Processes.Select(process => process.Id)], holder.Processes[0].Command, holder.Used, [.. holder.Groups.Select(SessionsReport.Of)]);
}
