using Npgsql;

namespace Agent.Postgres;

/// <summary>The check of one database and its queries, for <c>agent check-config --databases</c>. It runs no custom query.</summary>
internal sealed class DatabaseCheck
{
    private readonly Database _database;
    private readonly List<string> _problems = [];
    private readonly List<string> _warnings = [];

    private DatabaseCheck(Database database) => _database = database;

    /// <summary>That everything is fine, in one line; null if it is not.</summary>
    internal string? Success { get; private set; }

    /// <summary>The things that are wrong, one line each.</summary>
    internal IReadOnlyList<string> Problems => _problems;

    /// <summary>The things that work and should still be changed, one line each.</summary>
    internal IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Whether a query is wrong; otherwise problems are those of the database.</summary>
    internal bool IsQueryWrong { get; private set; }

    /// <summary>Checks all databases: the servers at the same time, the databases of a server one after the other.</summary>
    /// <returns>A check for each database, in the same order.</returns>
    internal static IReadOnlyList<DatabaseCheck> CheckAll(IReadOnlyList<Database> databases)
    {
        DatabaseCheck[] checks = [.. databases.Select(database => new DatabaseCheck(database))];
        Task.WhenAll(checks.GroupBy(check => check._database.Login.Server).Select(RunAllAsync)).GetAwaiter().GetResult();
        return checks;
    }

    private static async Task RunAllAsync(IEnumerable<DatabaseCheck> ofOneServer)
    {
        foreach (DatabaseCheck check in ofOneServer)
        {
            await check.RunAsync();
        }
    }

    private async Task RunAsync()
    {
        try
        {
            await using Session session = await Session.OpenAsync(_database.Login, _database.Timeout, CancellationToken.None);
            CoreStatistics server = await CoreStatistics.AskAsync(session, _database.Timeout, CancellationToken.None);
            Warn(server);
            foreach (Query query in _database.Queries)
            {
                await CheckAsync(session, query);
            }

            Success = _problems.Count > 0
                ? null
                : $"database {_database.Name}: logged in to PostgreSQL {server.Version} as {server.User}{Fine(_database.Queries.Length)}";
        }
        catch (DatabaseException failure)
        {
            _problems.Add($"database {_database.Name}: {failure.Message}");
        }
    }

    private void Warn(CoreStatistics server)
    {
        if (server.IsSuperuser)
        {
            _warnings.Add(
                $"database {_database.Name}: the role {server.User} is a superuser, and a read-only transaction does not stop COPY TO PROGRAM; "
                + "use a role with pg_monitor only");
        }

        if (server.IsRestricted)
        {
            _warnings.Add(
                $"database {_database.Name}: the role {server.User} does not see states and addresses of other roles; grant it pg_monitor");
        }
    }

    private async Task CheckAsync(Session session, Query query)
    {
        try
        {
            TimeSpan timeout = query.Timeout ?? _database.Timeout;
            _ = QueryColumns.Of(query, await session.DescribeAsync(query.Sql, timeout, CancellationToken.None));
            // PostgreSQL checks the rights of the role only when it plans the query for a run. EXPLAIN does so, and runs nothing.
            await session.ReadAsync($"EXPLAIN {query.Sql}", timeout, ReadToEndAsync, CancellationToken.None);
        }
        catch (DatabaseException failure) when (session.IsOpen)
        {
            IsQueryWrong |= failure.Error.Type is ErrorType.Query or ErrorType.Permission or ErrorType.Value;
            _problems.Add($"database {_database.Name}, query {query.Name}: {failure.Message}");
        }
    }

    private static async Task<int> ReadToEndAsync(NpgsqlDataReader plan)
    {
        int rows = 0;
        while (await plan.ReadAsync(CancellationToken.None))
        {
            rows++;
        }

        return rows;
    }

    private static string Fine(int queries) => queries switch
    {
        0 => "",
        1 => ", 1 query is fine",
        _ => $", {queries} queries are fine",
    };
}
