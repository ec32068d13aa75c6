using System.Collections.Immutable;

namespace Agent.Postgres;

/// <summary>Makes the statistics of a reading from what a server answered.</summary>
internal static class StatisticsReport
{
    /// <summary>The client of all connections through unix sockets.</summary>
    private const string UnixClient = "unix";

    // Whether it is up, the version, the limits, the login, each type of error, and the like, which do not depend on the server's content.
    private const int FixedSeries = 18;

    // Success, duration, series, last success and quarantine.
    private const int PerQuery = 5;

    private static readonly int ErrorTypes = Enum.GetValues<ErrorType>().Length;

    /// <summary>The statistics of one database.</summary>
    /// <param name="core">What the server answered.</param>
    /// <param name="database">The database as configured.</param>
    /// <param name="name">Its name on the server.</param>
    /// <param name="sizes">Sizes by the name of the database.</param>
    /// <param name="server">The whole server; null if this is not its first database.</param>
    internal static DatabaseStatistics Of(
        CoreStatistics core, Database database, string name, ImmutableDictionary<string, long> sizes, ServerStatistics? server) =>
        new(
            core.Version,
            core.Role,
            core.IsRestricted,
            // Of a database that is missing, or has another name behind a pooler, there is no number.
            core.IsRestricted || !core.Databases.Any(other => other.Name == name) ? null
                : core.Clients.Count(backend => backend is { State: "active" } && backend.Database == name && !IsOwn(backend, core, database)))
        {
            IsSuperuser = core.IsSuperuser,
            Databases = [.. (server is null ? core.Databases.Where(other => other.Name == name) : core.Databases)
                .Select(other => UseOf(core, other.Name, other.Limit, sizes))],
            Server = server,
        };

    /// <summary>The statistics of a whole server.</summary>
    /// <param name="core">What the server answered.</param>
    /// <param name="shownClients">How many clients are shown.</param>
    /// <param name="withoutBackend">The connections without a backend.</param>
    internal static ServerStatistics OfServer(CoreStatistics core, int shownClients, ImmutableArray<WithoutBackend> withoutBackend) => new(core.Clients.Count())
    {
        States = [.. core.Clients.CountBy(backend => (backend.Database, backend.State))
            .Select(group => new StateCount(group.Key.Database, group.Key.State, group.Value))
            .OrderBy(group => group.Database, StringComparer.Ordinal).ThenBy(group => group.State, StringComparer.Ordinal)],
        LimitedRoles = [.. core.LimitedRoles.Select(role => new RoleUse(role.Name, core.Clients.Count(backend => backend.Role == role.Name), role.Limit))
            .OrderBy(role => role.Role, StringComparer.Ordinal)],
        // A role that sees only its own sessions would count too few for its own address, and none for the others.
        Clients = core.IsRestricted ? [] : [.. core.Clients.Where(backend => backend.ClientPort is not null)
            .CountBy(backend => backend.ClientAddress is { } address ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString() : UnixClient)
            .Select(client => new ClientUse(client.Key, client.Value))
            .OrderByDescending(client => client.Used).ThenBy(client => client.Client, StringComparer.Ordinal)
            .Take(shownClients)],
        WithoutBackend = withoutBackend,
    };

    /// <summary>All sessions that take a slot.</summary>
    internal static ImmutableArray<ServerSession> SessionsOf(CoreStatistics core) =>
    [
        .. core.Clients.Select(backend => new ServerSession(backend.Database, backend.Role, backend.State, backend.Client)
        {
            Application = backend.Application,
            TransactionSeconds = backend.TransactionSeconds,
        }),
    ];

    /// <summary>How many series a database has beside its statistics and the results of its queries, at most.</summary>
    /// <param name="queries">The number of its queries.</param>
    internal static int SeriesOfState(int queries) => FixedSeries + ErrorTypes + (PerQuery * queries);

    /// <summary>How many series the statistics become, at most, together with the state of the database and of its queries.</summary>
    /// <param name="statistics">The statistics.</param>
    /// <param name="queries">The number of queries.</param>
    internal static int SeriesOf(DatabaseStatistics statistics, int queries) =>
        SeriesOfState(queries) + (4 * statistics.Databases.Length)
        + (statistics.Server is { } server
            ? server.States.Length + (2 * server.LimitedRoles.Length) + server.Clients.Length + server.WithoutBackend.Length
            : 0);

    private static DatabaseUse UseOf(CoreStatistics core, string name, int? limit, ImmutableDictionary<string, long> sizes)
    {
        Backend[] backends = [.. core.Clients.Where(backend => backend.Database == name)];
        // With a role that may not see all of them, the longest is not known.
        bool isHidden = backends.Any(backend => backend.IsHidden);
        return new DatabaseUse(name)
        {
            SizeBytes = sizes.TryGetValue(name, out long size) ? size : null,
            IdleInTransactionSeconds = isHidden ? null : backends.Max(backend => backend.IdleInTransactionSeconds) ?? 0,
            TransactionSeconds = isHidden ? null : backends.Where(backend => backend.Pid != core.BackendPid).Max(backend => backend.TransactionSeconds) ?? 0,
            Limit = limit,
        };
    }

    private static bool IsOwn(Backend backend, CoreStatistics core, Database database) =>
        backend.Pid == core.BackendPid
        || (backend.Application == ConnectionFactory.ApplicationName && (backend.Role == core.User || backend.Role == database.Login.User));
}
