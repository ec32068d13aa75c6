using System.Collections.Concurrent;
using Agent.Postgres;
using Testing;

namespace Agent.Tests.Postgres;

/// <summary>Several databases at one host and port.</summary>
public sealed class SharedServerTests : IAsyncDisposable
{
    private readonly RunningDatabases _running = new();

    [Fact]
    public async Task Slow_queries_of_one_database_are_no_failed_login_of_another()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        Query slow = new("slow", "Slow", QueryType.Gauge, "SELECT 1 AS v FROM pg_sleep(3)") { Timeout = TimeSpan.FromSeconds(30) };
        Database quick = RunningDatabases.Database(server, "db2") with { Timeout = TimeSpan.FromSeconds(1) };
        ConcurrentBag<DatabaseReading> readings = [];
        _running.Store.ReadingPut += (reading, _) => readings.Add((DatabaseReading)reading);

        await _running.Start([RunningDatabases.Database(server) with { Queries = [slow] }, quick]);
        await Poll.Until(
            () => readings.Select(reading => reading.Queries.FirstOrDefault()?.LastSuccess).Where(moment => moment is not null).Distinct().Count() >= 2,
            "the slow query has run twice");

        Assert.DoesNotContain(readings, reading => reading.Login?.Error is not null);
        Assert.All(readings, reading => Assert.Empty(reading.Errors));
    }

    [Fact]
    public async Task Kept_connection_has_the_login_of_the_first_database_whichever_asks_first()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        await server.SqlAsync($"CREATE ROLE other LOGIN PASSWORD '{RunningDatabases.Password}'");
        Database first = RunningDatabases.Database(server), second = RunningDatabases.Database(server, "db2");
        second = second with { Login = second.Login with { User = "other" } };
        DatabaseServer shared = new(first.Login.Server, TimeProvider.System);
        shared.Configure([first.Login, second.Login]);

        Assert.Equal("agent", await shared.UseKeptAsync(second, session => Task.FromResult(session.Login.User), CancellationToken.None));

        // Where the first may not log in, the other does.
        await server.SqlAsync("ALTER ROLE agent NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'agent'");
        Assert.Equal("other", await shared.UseKeptAsync(
            second,
            async session =>
            {
                _ = await CoreStatistics.AskAsync(session, Poll.Timeout, CancellationToken.None);
                return session.Login.User;
            },
            CancellationToken.None));
        shared.Configure([]);
    }

    [Fact]
    public async Task Superuser_of_a_further_database_is_warned_about()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        await server.SqlAsync($"CREATE ROLE boss SUPERUSER LOGIN PASSWORD '{RunningDatabases.Password}'");
        Database second = RunningDatabases.Database(server, "db2");
        await _running.Start([RunningDatabases.Database(server), second with { Login = second.Login with { User = "boss" } }]);
        await _running.Reading(reading => reading.ScrapeSucceeded == true, "the second is up", "db2");

        Assert.Contains(_running.Log, line => line.StartsWith("Warning: database db2: the role boss is a superuser", StringComparison.Ordinal));
        Assert.DoesNotContain(_running.Log, line => line.Contains("database db1: the role", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Databases_behind_one_pooler_may_be_on_different_servers()
    {
        await using PostgresServer server = await PostgresServer.StartAsync("max_connections=20");
        await using PostgresServer other = await PostgresServer.StartAsync("max_connections=30");
        await RunningDatabases.CreateRole(server);
        await RunningDatabases.CreateRole(other);
        using Pooler pooler = await Pooler.StartAsync(server, other);
        string password = RunningDatabases.PasswordFile();
        Database Behind(string name) => new(name, new DatabaseLogin("127.0.0.1", pooler.Port, name, "agent") { PasswordFile = password })
        {
            Interval = TimeSpan.FromMilliseconds(500),
        };
        await _running.Start([Behind("one"), Behind("two")]);

        DatabaseReading one = await _running.Reading(reading => reading.ScrapeSucceeded == true, "the first is up", "one");
        DatabaseReading two = await _running.Reading(reading => reading.ScrapeSucceeded == true, "the second is up", "two");

        Assert.Equal((17, 27), (one.Use.UsableLimit, two.Use.UsableLimit));
        await other.StopAsync();
        await _running.Reading(reading => reading.Failure is not null, "the second is down", "two");
    }

    [Fact]
    public async Task Missing_database_has_no_connections_rather_than_0()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        Database missing = RunningDatabases.Database(server, "db2");
        await _running.Start([RunningDatabases.Database(server), missing with { Login = missing.Login with { Database = "missing" } }]);

        DatabaseReading reading = await _running.Reading(
            reading => reading is { Statistics: not null, Login.Error.Type: ErrorType.Database }, "the server answered", "db2");

        Assert.Null(reading.Statistics!.ActiveConnections);
    }

    [Fact]
    public async Task Results_of_another_database_are_not_taken_over()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        Query query = new("q", "Q", QueryType.Gauge, "SELECT 1 AS v");
        Database first = RunningDatabases.Database(server), second = RunningDatabases.Database(server, "db2") with { Queries = [query] };
        await _running.Start([first, second]);
        await _running.Reading(reading => reading.Queries is [{ Samples.Length: 1 }], "the query has run", "db2");

        Database missing = second with { Login = second.Login with { Database = "missing" } };
        await _running.Start([first, missing]);
        DatabaseReading reading = await _running.Reading(
            reading => reading.Database == missing && reading is { Failure: null, Login.Error: not null }, "its login fails", "db2");

        Assert.Empty(reading.Queries);
    }

    [Fact]
    public async Task Kept_connection_that_a_removed_database_still_opens_is_closed()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        Database database = RunningDatabases.Database(server);
        DatabaseServer shared = new(database.Login.Server, TimeProvider.System);
        shared.Configure([]);

        Session used = await shared.UseKeptAsync(database, Task.FromResult, CancellationToken.None);

        Assert.False(used.IsOpen);
    }

    [Fact]
    public async Task Server_is_reported_by_the_first_of_its_databases_that_answers_once()
    {
        await using PostgresServer server = await PostgresServer.StartAsync("max_connections=20");
        await RunningDatabases.CreateRole(server);
        Database wrong = RunningDatabases.Database(server, "db1", RunningDatabases.PasswordFile("wrong"));
        Database[] databases = [wrong, RunningDatabases.Database(server, "db2"), RunningDatabases.Database(server, "db3")];

        DatabaseReading[] readings = await Task.Run(() => OneRound.AskAll(databases, [], TimeProvider.System));

        Assert.Equal([false, true, false], readings.Select(reading => reading.Statistics?.Server is not null));
        Assert.Equal([false, true, false], readings.Select(reading => reading.Limits is not null));
    }

    public ValueTask DisposeAsync() => _running.DisposeAsync();
}
