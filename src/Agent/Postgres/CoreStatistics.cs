using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Npgsql;

namespace Agent.Postgres;

/// <summary>A server at one moment: its limits and sessions, from one statement.</summary>
internal sealed record CoreStatistics
{
    /// <summary>
    /// One statement for everything, so that the server has one transaction of the agent per round and database. All columns are text. The first
    /// is the kind of the row: s for the server, d for a database with a limit, r for a role with one, a for a session that takes a slot or is a
    /// walsender. Without pg_read_all_stats the kind of a session is hidden; then those with a database and a role count.
    /// </summary>
    private const string Sql =
        """
        SELECT 's', pg_catalog.current_setting('server_version'), CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'standby' ELSE 'primary' END,
            pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')::pg_catalog.text,
            (SELECT rolsuper::pg_catalog.text FROM pg_catalog.pg_roles WHERE rolname = current_user),
            pg_catalog.current_setting('max_connections'), pg_catalog.current_setting('superuser_reserved_connections'),
            pg_catalog.current_setting('reserved_connections', true), pg_catalog.pg_backend_pid()::pg_catalog.text,
            pg_catalog.current_database()::pg_catalog.text, current_user::pg_catalog.text
        UNION ALL
        SELECT 'd', datname::pg_catalog.text, datconnlimit::pg_catalog.text, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM pg_catalog.pg_database WHERE datallowconn
        UNION ALL
        SELECT 'r', rolname::pg_catalog.text, rolconnlimit::pg_catalog.text, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM pg_catalog.pg_roles WHERE rolconnlimit >= 0
        UNION ALL
        SELECT 'a', pid::pg_catalog.text, datname::pg_catalog.text, usename::pg_catalog.text, state, pg_catalog.host(client_addr),
            client_port::pg_catalog.text, backend_type, application_name,
            CASE WHEN state LIKE 'idle in transaction%' THEN extract(epoch FROM pg_catalog.clock_timestamp() - state_change)::pg_catalog.text END,
            extract(epoch FROM pg_catalog.clock_timestamp() - xact_start)::pg_catalog.text
        FROM pg_catalog.pg_stat_activity
        WHERE backend_type IN ('client backend', 'walsender') OR (backend_type IS NULL AND datname IS NOT NULL AND usename IS NOT NULL)
        """;

    /// <summary>The version of the server, <c>15.18</c>.</summary>
    internal required string Version { get; init; }

    /// <summary>What the server is: <c>primary</c> or <c>standby</c>.</summary>
    internal required string Role { get; init; }

    /// <summary>Whether states and addresses of other roles are hidden.</summary>
    internal required bool IsRestricted { get; init; }

    /// <summary>Whether the agent's role is a superuser.</summary>
    internal required bool IsSuperuser { get; init; }

    /// <summary>The limits.</summary>
    internal required ServerLimits Limits { get; init; }

    /// <summary>The database of the session that asked, by the name that the server knows.</summary>
    internal required string Database { get; init; }

    /// <summary>The role of the session that asked.</summary>
    internal required string User { get; init; }

    /// <summary>The process ID of the backend that answered.</summary>
    internal required int BackendPid { get; init; }

    /// <summary>The databases that take connections, with their limits; null for none.</summary>
    internal required ImmutableArray<(string Name, int? Limit)> Databases { get; init; }

    /// <summary>The roles that have a limit.</summary>
    internal required ImmutableArray<(string Name, int Limit)> LimitedRoles { get; init; }

    /// <summary>The client backends and walsenders.</summary>
    internal required ImmutableArray<Backend> Backends { get; init; }

    /// <summary>The backends that take a slot.</summary>
    internal IEnumerable<Backend> Clients => Backends.Where(backend => !backend.IsWalSender);

    /// <summary>Asks a server.</summary>
    /// <param name="session">A connection to it.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="stopping">Ends it earlier.</param>
    /// <exception cref="DatabaseException">The statement failed, or took too long.</exception>
    internal static Task<CoreStatistics> AskAsync(Session session, TimeSpan timeout, CancellationToken stopping) =>
        session.ReadAsync(Sql, timeout, ReadAsync, stopping);

    /// <summary>Asks for the sizes of databases. Those that the role may not ask for are absent: one of them would fail the whole statement.</summary>
    /// <param name="session">A connection to the server.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="stopping">Ends it earlier.</param>
    /// <returns>Bytes, by the name of the database.</returns>
    /// <exception cref="DatabaseException">The statement failed, or took too long.</exception>
    internal static Task<ImmutableDictionary<string, long>> AskSizesAsync(Session session, TimeSpan timeout, CancellationToken stopping) =>
        session.ReadAsync(
            """
            SELECT datname::pg_catalog.text, CASE WHEN pg_catalog.has_database_privilege(oid, 'CONNECT')
                OR pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') THEN pg_catalog.pg_database_size(oid) END
            FROM pg_catalog.pg_database WHERE datallowconn
            """,
            timeout,
            async reader =>
            {
                ImmutableDictionary<string, long>.Builder sizes = ImmutableDictionary.CreateBuilder<string, long>();
                while (await reader.ReadAsync(CancellationToken.None))
                {
                    if (!reader.IsDBNull(1))
                    {
                        sizes[reader.GetString(0)] = long.Parse(reader.GetString(1), CultureInfo.InvariantCulture);
                    }
                }

                return sizes.ToImmutable();
            },
            stopping);

    private static async Task<CoreStatistics> ReadAsync(NpgsqlDataReader reader)
    {
        CoreStatistics? server = null;
        ImmutableArray<(string Name, int? Limit)>.Builder databases = ImmutableArray.CreateBuilder<(string Name, int? Limit)>();
        ImmutableArray<(string Name, int Limit)>.Builder roles = ImmutableArray.CreateBuilder<(string Name, int Limit)>();
        ImmutableArray<Backend>.Builder backends = ImmutableArray.CreateBuilder<Backend>();
        while (await reader.ReadAsync(CancellationToken.None))
        {
            switch (reader.GetString(0))
            {
                case "s":
                    server = ReadServer(reader);
                    break;
                case "d":
                    databases.Add((reader.GetString(1), Number(reader, 2) is >= 0 and int limit ? limit : null));
                    break;
                case "r":
                    roles.Add((reader.GetString(1), Number(reader, 2) ?? 0));
                    break;
                default:
                    backends.Add(ReadBackend(reader));
                    break;
            }
        }

        return (server ?? throw new DatabaseException(new DatabaseError(ErrorType.Protocol, "the server returned no row about itself"))) with
        {
            Databases = databases.ToImmutable(),
            LimitedRoles = roles.ToImmutable(),
            Backends = backends.ToImmutable(),
        };
    }

    private static CoreStatistics ReadServer(NpgsqlDataReader reader) => new()
    {
        // Debian appends the version of its package.
        Version = reader.GetString(1).Split(' ')[0],
        Role = reader.GetString(2),
        IsRestricted = Text(reader, 3) != "true",
        IsSuperuser = Text(reader, 4) == "true",
        Limits = new ServerLimits(Number(reader, 5) ?? 0, Number(reader, 6) ?? 0, Number(reader, 7) ?? 0),
        BackendPid = Number(reader, 8) ?? 0,
        Database = reader.GetString(9),
        User = reader.GetString(10),
        Databases = [],
        LimitedRoles = [],
        Backends = [],
    };

    private static Backend ReadBackend(NpgsqlDataReader reader) => new(
        Number(reader, 1) ?? 0, Text(reader, 2) ?? "", Text(reader, 3) ?? "", Text(reader, 4) ?? Backend.UnknownState)
    {
        ClientAddress = Text(reader, 5) is { } address && IPAddress.TryParse(address, out IPAddress? parsed) ? parsed : null,
        ClientPort = Number(reader, 6),
        IsHidden = reader.IsDBNull(7),
        IsWalSender = Text(reader, 7) == "walsender",
        Application = Text(reader, 8) ?? "",
        IdleInTransactionSeconds = Seconds(reader, 9),
        TransactionSeconds = Seconds(reader, 10),
    };

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static int? Number(NpgsqlDataReader reader, int column) =>
        Text(reader, column) is { } text ? int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : null;

    // The clock of the server may have been set back.
    private static double? Seconds(NpgsqlDataReader reader, int column) =>
        Text(reader, column) is { } text ? Math.Max(0, double.Parse(text, CultureInfo.InvariantCulture)) : null;
}

/// <summary>A client backend or a walsender.</summary>
/// <param name="Pid">The process ID.</param>
/// <param name="Database">The database; empty without one.</param>
/// <param name="Role">The role; empty without one.</param>
/// <param name="State">As in pg_stat_activity, or <see cref="UnknownState"/>.</param>
internal sealed record Backend(int Pid, string Database, string Role, string State)
{
    /// <summary>The state of a session that may not be seen.</summary>
    internal const string UnknownState = "unknown";

    // PostgreSQL 18 shows a session before its client has logged in.
    private const string StartingState = "starting";

    /// <summary>The client's address; null for a unix socket, and if hidden.</summary>
    internal IPAddress? ClientAddress { get; init; }

    /// <summary>The client's port; -1 for a unix socket, null if hidden.</summary>
    internal int? ClientPort { get; init; }

    /// <summary>Whether the agent's role may not see what it does.</summary>
    internal bool IsHidden { get; init; }

    /// <summary>Whether it serves a standby, and takes no slot of the clients.</summary>
    internal bool IsWalSender { get; init; }

    /// <summary>The application's name; empty if it has none or if it is hidden.</summary>
    internal string Application { get; init; } = "";

    /// <summary>For how long it has been idle in a transaction, in seconds; null if it is not, and if hidden.</summary>
    internal double? IdleInTransactionSeconds { get; init; }

    /// <summary>The age of its transaction in seconds; null without one, and if hidden.</summary>
    internal double? TransactionSeconds { get; init; }

    /// <summary>Whether its client has not logged in yet.</summary>
    internal bool IsStarting => State == StartingState;

    /// <summary>The client's address and port; null for a unix socket, and if hidden.</summary>
    internal IPEndPoint? Client => ClientAddress is { } address && ClientPort is > 0 and int port ? new IPEndPoint(address, port) : null;
}

/// <summary>What a round found.</summary>
/// <param name="Core">The answer of the server.</param>
/// <param name="Name">The name of the database on the server.</param>
/// <param name="WithoutBackend">The connections without a backend, by watch.</param>
internal sealed record Answer(CoreStatistics Core, string Name, ImmutableArray<WithoutBackend> WithoutBackend);
