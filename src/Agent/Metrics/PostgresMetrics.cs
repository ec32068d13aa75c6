using System.Collections.Immutable;
using Agent.Postgres;
using Agent.Readings;
using Prometheus;

namespace Agent.Metrics;

/// <summary>
/// The metrics of databases, and those of their custom queries. They have registries of their own, which exist only while there are databases: an
/// agent without databases has not even their help texts. For one thread at a time.
/// </summary>
internal sealed class PostgresMetrics
{
    private MetricRegistry? _registry;
    private QueryMetrics? _queries;

    /// <summary>Appends the metrics of a view to an exposition, without the end of an exposition.</summary>
    internal void AppendTo(MemoryStream exposition, StoreView view, ExpositionFormat format)
    {
        ImmutableArray<DatabaseReading> readings = ReadingsOf(view);
        if (readings.IsEmpty)
        {
            (_registry, _queries) = (null, null);
            return;
        }

        _registry ??= new MetricRegistry(PostgresFamilies.All);
        _registry.BeginUpdate();
        foreach (DatabaseReading reading in readings)
        {
            Set(_registry, reading, showsServer: ReferenceEquals(reading, readings.FirstOrDefault(other => KnowsWhetherFull(other)
                && other.Database.Login.Server == reading.Database.Login.Server)));
        }

        SetTotals(_registry, readings);
        _registry.ExportTo(exposition, format);
        (_queries ??= new QueryMetrics()).AppendTo(exposition, readings, format);
    }

    private static ImmutableArray<DatabaseReading> ReadingsOf(StoreView view)
    {
        ImmutableArray<DatabaseReading>.Builder? readings = null;
        foreach (SourceState source in view.Sources)
        {
            if (source.Reading is DatabaseReading reading)
            {
                (readings ??= ImmutableArray.CreateBuilder<DatabaseReading>()).Add(reading);
            }
        }

        return readings?.ToImmutable() ?? [];
    }

    /// <summary>Whether the last test of a login tells whether the server is full.</summary>
    private static bool KnowsWhetherFull(DatabaseReading reading) =>
        reading.Login is { } login && (login.FullScope is not null || (login.Error is null && reading.Succeeded));

    private static void Set(MetricRegistry registry, DatabaseReading reading, bool showsServer)
    {
        string db = reading.Database.Name;
        registry.Set(PostgresFamilies.Up, reading.Succeeded ? 1 : 0, db);
        if (!reading.Succeeded || reading.ScrapeSucceeded is not null)
        {
            registry.Set(PostgresFamilies.ScrapeSuccess, reading.Succeeded && reading.ScrapeSucceeded is true ? 1 : 0, db);
        }

        if (reading.Succeeded && reading.Duration is { } duration)
        {
            registry.Set(PostgresFamilies.ScrapeDuration, duration.TotalSeconds, db);
        }

        foreach (ErrorCount error in reading.Errors)
        {
            registry.Set(PostgresFamilies.ScrapeErrors, error.Count, db, LabelOf(error.Type));
        }

        registry.Set(PostgresFamilies.Quarantined, reading.IsQuarantined ? 1 : 0, db);
        SetLogin(registry, reading, showsServer);
        if (reading.Statistics is { } statistics && reading.Succeeded)
        {
            SetStatistics(registry, db, statistics);
        }

        foreach (QueryReading query in reading.Queries)
        {
            SetQuery(registry, reading, query);
        }
    }

    private static void SetTotals(MetricRegistry registry, ImmutableArray<DatabaseReading> readings)
    {
        TimeSpan? longest = null;
        long errors = 0;
        foreach (DatabaseReading reading in readings)
        {
            longest = longest is null || reading.Duration > longest ? reading.Duration ?? longest : longest;
            errors += reading.Errors.Sum(error => error.Count);
        }

        if (longest is { } duration)
        {
            registry.Set(PostgresFamilies.ExporterScrapeDuration, duration.TotalSeconds);
        }

        registry.Set(PostgresFamilies.ExporterErrors, errors);
    }

    private static void SetLogin(MetricRegistry registry, DatabaseReading reading, bool showsServer)
    {
        string db = reading.Database.Name;
        bool isFull = reading.Login?.FullScope is not null;
        if (reading.Login is { } login && (reading.Succeeded || isFull))
        {
            registry.Set(PostgresFamilies.LoginSuccess, login.Error is null ? 1 : 0, db);
            if (login.Error is null)
            {
                registry.Set(PostgresFamilies.LoginDuration, login.Duration.TotalSeconds, db);
            }

            if (KnowsWhetherFull(reading))
            {
                SetFull(registry, reading, login.FullScope, showsServer);
            }
        }

        // A full server still has the limits that the agent has seen before.
        if (reading.Limits is { } limits && (reading.Succeeded || isFull))
        {
            registry.Set(PostgresFamilies.ConnectionsLimit, limits.Maximum, db);
            registry.Set(PostgresFamilies.ConnectionsUsableLimit, limits.Usable, db);
            registry.Set(PostgresFamilies.ConnectionsReserved, limits.ReservedForSuperusers, db, "superuser");
            registry.Set(PostgresFamilies.ConnectionsReserved, limits.ReservedForRoles, db, "role");
        }
    }

    private static void SetFull(MetricRegistry registry, DatabaseReading reading, FullScope? full, bool showsServer)
    {
        foreach (FullScope scope in Enum.GetValues<FullScope>())
        {
            // The server's own state appears once, under its first database that knows it: the first of all may not be able to log in.
            if (showsServer || scope is FullScope.Role or FullScope.Database)
            {
                registry.Set(PostgresFamilies.Full, scope == full ? 1 : 0, reading.Database.Name, FullScopes.LabelOf(scope));
            }
        }
    }

    private static void SetStatistics(MetricRegistry registry, string db, DatabaseStatistics statistics)
    {
        registry.Set(PostgresFamilies.ServerInfo, 1, db, statistics.Version, statistics.Role);
        registry.Set(PostgresFamilies.StatisticsRestricted, statistics.IsRestricted ? 1 : 0, db);
        SetIfKnown(registry, PostgresFamilies.ActiveConnections, statistics.ActiveConnections, db);
        foreach (DatabaseUse database in statistics.Databases)
        {
            SetIfKnown(registry, PostgresFamilies.DatabaseSize, database.SizeBytes, db, database.Name);
            SetIfKnown(registry, PostgresFamilies.IdleInTransactionMax, database.IdleInTransactionSeconds, db, database.Name);
            SetIfKnown(registry, PostgresFamilies.TransactionMax, database.TransactionSeconds, db, database.Name);
            SetIfKnown(registry, PostgresFamilies.DatabaseConnectionsLimit, database.Limit, db, database.Name);
        }

        if (statistics.Server is { } server)
        {
            SetServer(registry, db, server);
        }
    }

    private static void SetServer(MetricRegistry registry, string db, ServerStatistics server)
    {
        foreach (StateCount state in server.States)
        {
            registry.Set(PostgresFamilies.Connections, state.Count, db, state.Database, state.State);
        }

        foreach (RoleUse role in server.LimitedRoles)
        {
            registry.Set(PostgresFamilies.RoleConnections, role.Used, db, role.Role);
            registry.Set(PostgresFamilies.RoleConnectionsLimit, role.Limit, db, role.Role);
        }

        foreach (ClientUse client in server.Clients)
        {
            registry.Set(PostgresFamilies.ClientConnections, client.Used, db, client.Client);
        }

        foreach (WithoutBackend watch in server.WithoutBackend)
        {
            registry.Set(PostgresFamilies.ConnectionsWithoutBackend, watch.Count, db, watch.Watch);
        }
    }

    private static void SetQuery(MetricRegistry registry, DatabaseReading reading, QueryReading query)
    {
        (string db, string name) = (reading.Database.Name, query.Query.Name);
        registry.Set(PostgresFamilies.QueryQuarantined, query.IsQuarantined ? 1 : 0, db, name);
        if (query.Error is not null)
        {
            registry.Set(PostgresFamilies.QuerySuccess, 0, db, name);
        }

        // Without an error and without a success it has not run yet. Of a database that fails, no earlier success counts.
        if (!reading.Succeeded || (query.Error is null && query.LastSuccess is null))
        {
            return;
        }

        if (query.Error is null)
        {
            registry.Set(PostgresFamilies.QuerySuccess, 1, db, name);
        }

        registry.Set(PostgresFamilies.QueryDuration, query.Duration.TotalSeconds, db, name);
        SetIfKnown(registry, PostgresFamilies.QuerySeries, query.Series, db, name);
        if (query.LastSuccess is { } success)
        {
            registry.Set(PostgresFamilies.QueryLastSuccess, success.ToUnixTimeMilliseconds() / 1000.0, db, name);
        }
    }

    private static void SetIfKnown(MetricRegistry registry, MetricFamily family, double? value, params ReadOnlySpan<string> labelValues)
    {
        if (value is { } known)
        {
            registry.Set(family, known, labelValues);
        }
    }

    private static string LabelOf(ErrorType type) => type switch
    {
        ErrorType.Refused => "refused",
        ErrorType.Timeout => "timeout",
        ErrorType.Full => "full",
        ErrorType.Password => "password",
        ErrorType.Tls => "tls",
        ErrorType.Database => "database",
        ErrorType.Permission => "permission",
        ErrorType.Query => "query",
        ErrorType.Value => "value",
        ErrorType.Cardinality => "cardinality",
        ErrorType.Duplicate => "duplicate",
        ErrorType.Protocol => "protocol",
        _ => "other",
    };
}
