using System.Collections.Immutable;
using System.Net;
using Agent.Limits;
using Agent.Readings;

namespace Agent.Postgres;

/// <summary>The subject of the readings of a database.</summary>
/// <param name="Name">Its configured name.</param>
internal sealed record DatabaseSubject(string Name);

/// <summary>
/// The latest values of one database. <see cref="Reading.Failure"/> says why the last round brought none; then <see cref="Statistics"/> is null and
/// there are no results of queries, because what was not measured is absent.
/// </summary>
/// <param name="Database">The database as configured.</param>
internal sealed record DatabaseReading(Database Database) : Reading, IServerUseReading
{
    /// <summary>Whether the login test and every query that was due succeeded too, in the last round; null before the first one has ended.</summary>
    public bool? ScrapeSucceeded { get; init; }

    /// <summary>How often something failed since the agent was started, by type; the types that never occurred are absent.</summary>
    public ImmutableArray<ErrorCount> Errors { get; init; } = [];

    /// <summary>Whether the database is tried less often because it failed repeatedly.</summary>
    public bool IsQuarantined { get; init; }

    /// <summary>What the kept connection found; null if the last round failed.</summary>
    public DatabaseStatistics? Statistics { get; init; }

    /// <summary>The limits of the server: the last known ones stay while it is full. Null for all databases of a server but its first one.</summary>
    public ServerLimits? Limits { get; init; }

    /// <summary>The latest test of a login; null before the first one has ended.</summary>
    public LoginTest? Login { get; init; }

    /// <summary>The state of each custom query, in the order of the configuration.</summary>
    public ImmutableArray<QueryReading> Queries { get; init; } = [];

    /// <inheritdoc/>
    public required ServerUse Use { get; init; }
}

/// <summary>How often something failed.</summary>
/// <param name="Type">What failed.</param>
/// <param name="Count">How often, since the agent was started.</param>
internal readonly record struct ErrorCount(ErrorType Type, long Count);

/// <summary>What the kept connection found in one round.</summary>
/// <param name="Version">The version of the server, <c>15.18</c>.</param>
/// <param name="Role">What the server is: <c>primary</c> or <c>standby</c>.</param>
/// <param name="IsRestricted">Whether the agent's role lacks pg_monitor, so that states and addresses of other roles are hidden from it.</param>
/// <param name="ActiveConnections">Client backends of this database with a statement that runs, without the agent's own; null if states are hidden.</param>
internal sealed record DatabaseStatistics(string Version, string Role, bool IsRestricted, int? ActiveConnections)
{
    /// <summary>Whether the agent's role is a superuser, which READ ONLY does not protect from.</summary>
    public bool IsSuperuser { get; init; }

    /// <summary>The databases of the server, if this is its first database; otherwise this database alone.</summary>
    public ImmutableArray<DatabaseUse> Databases { get; init; } = [];

    /// <summary>The whole server; null for all databases of a server but its first one.</summary>
    public ServerStatistics? Server { get; init; }
}

/// <summary>A database on a server.</summary>
/// <param name="Name">Its name on the server.</param>
internal sealed record DatabaseUse(string Name)
{
    /// <summary>Its size in bytes; null if the agent's role may not ask for it.</summary>
    public long? SizeBytes { get; init; }

    /// <summary>The longest time for which a session has been idle in a transaction, in seconds; 0 without one, null if it is hidden.</summary>
    public double? IdleInTransactionSeconds { get; init; }

    /// <summary>The age of the oldest transaction, in seconds; 0 without one, null if it is hidden.</summary>
    public double? TransactionSeconds { get; init; }

    /// <summary>How many connections it may have; null for no limit.</summary>
    public int? Limit { get; init; }
}

/// <summary>The connections of a whole server.</summary>
/// <param name="Used">Client backends, the agent's own included; they take a slot.</param>
internal sealed record ServerStatistics(int Used)
{
    /// <summary>Client backends by database and state. With a role that may not see states, the state of others is <c>unknown</c>.</summary>
    public ImmutableArray<StateCount> States { get; init; } = [];

    /// <summary>The roles that have a limit, with their connections.</summary>
    public ImmutableArray<RoleUse> LimitedRoles { get; init; } = [];

    /// <summary>The clients that hold most, the highest first.</summary>
    public ImmutableArray<ClientUse> Clients { get; init; } = [];

    /// <summary>For each watch with a limit from this database: connections without a backend; without the watches that cannot be compared.</summary>
    public ImmutableArray<WithoutBackend> WithoutBackend { get; init; } = [];

    /// <summary>All sessions that take a slot. Only for <c>--once</c>; otherwise empty.</summary>
    public ImmutableArray<ServerSession> Sessions { get; init; } = [];
}

/// <summary>Client backends of one database in one state.</summary>
/// <param name="Database">The database on the server.</param>
/// <param name="State">As in pg_stat_activity, or <c>unknown</c>.</param>
/// <param name="Count">How many.</param>
internal readonly record struct StateCount(string Database, string State, int Count);

/// <summary>A role with a limit.</summary>
/// <param name="Role">Its name.</param>
/// <param name="Used">Its client backends.</param>
/// <param name="Limit">How many it may have.</param>
internal readonly record struct RoleUse(string Role, int Used, int Limit);

/// <summary>A client of the server.</summary>
/// <param name="Client">Its address; <c>unix</c> for all clients of unix sockets.</param>
/// <param name="Used">Its client backends.</param>
internal readonly record struct ClientUse(string Client, int Used);

/// <summary>Connections of a watch that take a slot and have no session: silent clients, or clients in the middle of the login.</summary>
/// <param name="Watch">The name of the watch.</param>
/// <param name="Count">How many.</param>
internal readonly record struct WithoutBackend(string Watch, int Count);

/// <summary>A session, as pg_stat_activity shows it.</summary>
/// <param name="Database">Its database.</param>
/// <param name="Role">Its role.</param>
/// <param name="State">Its state, or <c>unknown</c>.</param>
/// <param name="Client">The client's address and port; null for a unix socket, and if hidden.</param>
internal sealed record ServerSession(string Database, string Role, string State, IPEndPoint? Client)
{
    /// <summary>The application's name; empty if it has none or if it is hidden.</summary>
    public string Application { get; init; } = "";

    /// <summary>The age of its transaction in seconds; null without one, and if it is hidden.</summary>
    public double? TransactionSeconds { get; init; }
}

/// <summary>The limits of a server.</summary>
/// <param name="Maximum"><c>max_connections</c>.</param>
/// <param name="ReservedForSuperusers"><c>superuser_reserved_connections</c>.</param>
/// <param name="ReservedForRoles"><c>reserved_connections</c>, for members of pg_use_reserved_connections; 0 before PostgreSQL 16.</param>
internal readonly record struct ServerLimits(int Maximum, int ReservedForSuperusers, int ReservedForRoles)
{
    /// <summary>How many connections ordinary roles may hold together.</summary>
    internal int Usable => Maximum - ReservedForSuperusers - ReservedForRoles;
}

/// <summary>The test of a login: the second connection of a round.</summary>
/// <param name="Duration">How long it took.</param>
/// <param name="Error">Why it failed; null if it succeeded.</param>
/// <param name="FullScope">What was full, if the server refused it with SQLSTATE 53300; otherwise null.</param>
internal sealed record LoginTest(TimeSpan Duration, DatabaseError? Error, FullScope? FullScope);

/// <summary>The latest test of a login. For one thread at a time.</summary>
/// <param name="maximumAge">How old it may become. A failure that is not tried again for a while stays; that it works, or is full, does not.</param>
/// <param name="time">The clock.</param>
internal sealed class LatestLogin(TimeSpan maximumAge, TimeProvider time)
{
    private LoginTest? _test;
    private long _endedAt;

    /// <summary>The test; null before the first one has ended, and if it is too old.</summary>
    internal LoginTest? Test =>
        _test is { Error: null or { Type: ErrorType.Full } } && time.GetElapsedTime(_endedAt) > maximumAge ? null : _test;

    internal void Succeeded(TimeSpan duration) => (_test, _endedAt) = (new LoginTest(duration, null, null), time.GetTimestamp());

    internal void Failed(TimeSpan duration, DatabaseError error)
    {
        if (!ReferenceEquals(_test?.Error, error))
        {
            (_test, _endedAt) = (new LoginTest(duration, error, error.FullScope), time.GetTimestamp());
        }
    }
}

/// <summary>Why a server refused a login with SQLSTATE 53300.</summary>
internal enum FullScope
{
    /// <summary>No slot is free at all.</summary>
    Server,

    /// <summary>Only slots for superusers are free.</summary>
    SuperuserReserve,

    /// <summary>Only slots for superusers and members of pg_use_reserved_connections are free.</summary>
    RoleReserve,

    /// <summary>The role has as many connections as it may.</summary>
    Role,

    /// <summary>The database has as many connections as it may.</summary>
    Database,
}

/// <summary>The words for <see cref="FullScope"/>.</summary>
internal static class FullScopes
{
    /// <summary>The label <c>scope</c>, which the log has too.</summary>
    internal static string LabelOf(FullScope scope) => scope switch
    {
        FullScope.Server => "server",
        FullScope.SuperuserReserve => "superuser_reserve",
        FullScope.RoleReserve => "role_reserve",
        FullScope.Role => "role",
        _ => "database",
    };
}

/// <summary>The state of a custom query on one database.</summary>
/// <param name="Query">The query as configured.</param>
/// <param name="Error">Why the last run failed; null if it succeeded.</param>
/// <param name="Duration">How long the last run took.</param>
internal sealed record QueryReading(Query Query, DatabaseError? Error, TimeSpan Duration)
{
    /// <summary>When it last succeeded; null for never.</summary>
    public DateTimeOffset? LastSuccess { get; init; }

    /// <summary>Whether it runs less often because it failed repeatedly.</summary>
    public bool IsQuarantined { get; init; }

    /// <summary>The samples of the last run; empty if it failed, and if they are too old.</summary>
    public ImmutableArray<QuerySample> Samples { get; init; } = [];

    /// <summary>How many series the last run produced; null if it failed, and if it is too old.</summary>
    public int? Series { get; init; }
}

/// <summary>A gauge, a counter, a histogram or a summary of a custom query.</summary>
/// <param name="LabelValues">One for each label of the query, without <c>db</c>.</param>
/// <param name="Value">The value of a gauge or counter; otherwise the sum of all observations, NaN if it is unknown.</param>
internal sealed record QuerySample(ImmutableArray<string> LabelValues, double Value)
{
    /// <summary>The cumulative buckets of a histogram in rising order, +Inf last, or the quantiles of a summary; otherwise empty.</summary>
    public ImmutableArray<(double Bound, double Value)> Buckets { get; init; } = [];

    /// <summary>The number of observations of a summary; null if it is unknown.</summary>
    public double? Count { get; init; }
}
