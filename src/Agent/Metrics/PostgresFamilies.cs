using System.Collections.Immutable;

namespace Agent.Metrics;

/// <summary>
/// The metrics of PostgreSQL, after those of <see cref="MetricFamilies"/> and only where databases are configured. The label <c>db</c> is the name of
/// the database in the configuration. A test compares docs/metrics.md with this list.
/// </summary>
internal static class PostgresFamilies
{
    internal static readonly MetricFamily Up = new(
        "pg_up", MetricType.Gauge,
        "Whether the database answered in the last round.", "db");

    internal static readonly MetricFamily ScrapeSuccess = new(
        "pg_scrape_success", MetricType.Gauge,
        "Whether everything in the last round succeeded: the statistics, the test of a login, and the custom queries that were due.", "db");

    internal static readonly MetricFamily ScrapeDuration = new(
        "pg_scrape_duration_seconds", MetricType.Gauge,
        "How long the last round took, in seconds.", "db");

    internal static readonly MetricFamily ExporterScrapeDuration = new(
        "exporter_scrape_duration_seconds", MetricType.Gauge,
        "How long the longest of the last rounds took, of all databases, in seconds.");

    internal static readonly MetricFamily ScrapeErrors = new(
        "pg_scrape_errors_total", MetricType.Counter,
        "How often something failed in a round, by type of error.", "db", "error_type")
    { CanFall = true };

    internal static readonly MetricFamily ExporterErrors = new(
        "exporter_errors_total", MetricType.Counter,
        "How often something failed in a round, of all databases and types of errors together.")
    { CanFall = true };

    internal static readonly MetricFamily ActiveConnections = new(
        "pg_active_connections", MetricType.Gauge,
        "Client backends of this database that run a statement, without the agent's own; absent without pg_monitor.", "db");

    internal static readonly MetricFamily DatabaseSize = new(
        "pg_database_size_bytes", MetricType.Gauge,
        "Size of the database, in bytes; absent where the agent's role may not read it.", "db", "database");

    internal static readonly MetricFamily Connections = new(
        "pg_connections", MetricType.Gauge,
        "Client backends of the server by database and state, the agent's own included. Without pg_monitor the state of other roles is unknown.",
        "db", "database", "state");

    internal static readonly MetricFamily LoginSuccess = new(
        "pg_login_success", MetricType.Gauge,
        "Whether the last test of a login succeeded.", "db");

    internal static readonly MetricFamily LoginDuration = new(
        "pg_login_duration_seconds", MetricType.Gauge,
        "How long the last test of a login took, in seconds.", "db");

    internal static readonly MetricFamily ConnectionsLimit = new(
        "pg_connections_limit", MetricType.Gauge,
        "Connections that the server takes, those for superusers and privileged roles included: max_connections.", "db");

    internal static readonly MetricFamily ConnectionsUsableLimit = new(
        "pg_connections_usable_limit", MetricType.Gauge,
        "Connections that ordinary roles may hold together: max_connections without the reserved ones.", "db");

    internal static readonly MetricFamily ConnectionsReserved = new(
        "pg_connections_reserved", MetricType.Gauge,
        "Connections that are reserved: for superusers, or for the members of pg_use_reserved_connections.", "db", "reserved_for");

    internal static readonly MetricFamily DatabaseConnectionsLimit = new(
        "pg_database_connections_limit", MetricType.Gauge,
        "Connections that this database may have; absent where it has no limit.", "db", "database");

    internal static readonly MetricFamily RoleConnectionsLimit = new(
        "pg_role_connections_limit", MetricType.Gauge,
        "Connections that this role may have; absent where it has no limit.", "db", "role");

    internal static readonly MetricFamily RoleConnections = new(
        "pg_role_connections", MetricType.Gauge,
        "Client backends of this role; absent where the role has no limit.", "db", "role");

    internal static readonly MetricFamily ClientConnections = new(
        "pg_client_connections", MetricType.Gauge,
        "Client backends of this client. Only the clients that hold most; all unix sockets are the one client unix.", "db", "client");

    internal static readonly MetricFamily ConnectionsWithoutBackend = new(
        "pg_connections_without_backend", MetricType.Gauge,
        "Connections of this watch that have no session on the server: silent clients, or clients that have not finished the login.", "db", "watch");

    internal static readonly MetricFamily IdleInTransactionMax = new(
        "pg_idle_in_transaction_seconds_max", MetricType.Gauge,
        "The longest time for which a session of the database has been idle in a transaction, in seconds; 0 without one.", "db", "database");

    internal static readonly MetricFamily TransactionMax = new(
        "pg_transaction_seconds_max", MetricType.Gauge,
        "Age of the oldest transaction of the database, in seconds; 0 without one.", "db", "database");

    internal static readonly MetricFamily Full = new(
        "pg_full", MetricType.Gauge,
        "Whether the server refused the last login because this scope is full (SQLSTATE 53300); absent after any other failure of a login.",
        "db", "scope");

    internal static readonly MetricFamily ServerInfo = new(
        "pg_server_info", MetricType.Gauge,
        "Always 1; the labels are the version of the server, and whether it is a primary or a standby.", "db", "version", "role");

    internal static readonly MetricFamily StatisticsRestricted = new(
        "pg_statistics_restricted", MetricType.Gauge,
        "Whether the agent's role lacks pg_monitor, so that states and addresses of other roles are hidden from it.", "db");

    internal static readonly MetricFamily Quarantined = new(
        "pg_quarantined", MetricType.Gauge,
        "Whether the agent asks the database less often, because it failed repeatedly.", "db");

    internal static readonly MetricFamily QuerySuccess = new(
        "pg_query_success", MetricType.Gauge,
        "Whether the last run of this custom query succeeded.", "db", "query");

    internal static readonly MetricFamily QueryDuration = new(
        "pg_query_duration_seconds", MetricType.Gauge,
        "How long the last run of this custom query took, in seconds.", "db", "query");

    internal static readonly MetricFamily QuerySeries = new(
        "pg_query_series", MetricType.Gauge,
        "Series that the last run of this custom query produced; absent if it failed or is too old.", "db", "query");

    internal static readonly MetricFamily QueryLastSuccess = new(
        "pg_query_last_success_timestamp_seconds", MetricType.Gauge,
        "When this custom query last succeeded, in seconds since 1970; absent before the first time.", "db", "query");

    internal static readonly MetricFamily QueryQuarantined = new(
        "pg_query_quarantined", MetricType.Gauge,
        "Whether this custom query runs less often, because it failed repeatedly.", "db", "query");

    internal static readonly ImmutableArray<MetricFamily> All =
    [
        Up,
        ScrapeSuccess,
        ScrapeDuration,
        ExporterScrapeDuration,
        ScrapeErrors,
        ExporterErrors,
        ActiveConnections,
        DatabaseSize,
        Connections,
        LoginSuccess,
        LoginDuration,
        ConnectionsLimit,
        ConnectionsUsableLimit,
        ConnectionsReserved,
        DatabaseConnectionsLimit,
        RoleConnectionsLimit,
        RoleConnections,
        ClientConnections,
        ConnectionsWithoutBackend,
        IdleInTransactionMax,
        TransactionMax,
        Full,
        ServerInfo,
        StatisticsRestricted,
        Quarantined,
        QuerySuccess,
        QueryDuration,
        QuerySeries,
        QueryLastSuccess,
        QueryQuarantined,
    ];
}
