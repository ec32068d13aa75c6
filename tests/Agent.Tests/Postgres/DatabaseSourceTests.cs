using Agent.Limits;
using Agent.Postgres;
using Testing;

namespace Agent.Tests.Postgres;

public sealed class DatabaseSourceTests : IAsyncDisposable
{
    private readonly RunningDatabases _running = new();

    [Fact]
    public async Task Statistics_limits_sizes_and_the_login_are_read()
    {
        await using PostgresServer server = await PostgresServer.StartAsync("max_connections=20");
        await RunningDatabases.CreateRole(server, "CONNECTION LIMIT 5");
        await server.SqlAsync("CREATE DATABASE limited CONNECTION LIMIT 7");
        await _running.Start([RunningDatabases.Database(server)]);

        DatabaseReading reading = await _running.Reading(
            reading => reading is { ScrapeSucceeded: true } && reading.Statistics!.Databases.All(database => database.SizeBytes is not null), "all is read");

        Assert.Null(reading.Failure);
        Assert.Null(reading.Login!.Error);
        Assert.Empty(reading.Errors);
        Assert.Equal(new ServerLimits(20, 3, 0), reading.Limits);
        DatabaseStatistics statistics = reading.Statistics!;
        Assert.StartsWith("15.", statistics.Version, StringComparison.Ordinal);
        Assert.Equal(("primary", false, false, 0), (statistics.Role, statistics.IsRestricted, statistics.IsSuperuser, statistics.ActiveConnections));
        Assert.Equal(7, statistics.Databases.Single(database => database.Name == "limited").Limit);
        Assert.All(statistics.Databases, database => Assert.True(database.SizeBytes > 1_000_000));
        Assert.Equal("agent", Assert.Single(statistics.Server!.LimitedRoles).Role);
        Assert.Equal(statistics.Server.Used, statistics.Server.States.Sum(state => state.Count));
        Assert.Equal(new ServerUse("db1") { Used = statistics.Server.Used, UsableLimit = 17 }, reading.Use);
        Assert.Equal($"Information: database db1: PostgreSQL {statistics.Version}, primary, at 127.0.0.1:{server.Port}", Assert.Single(_running.Log));
    }

    [Fact]
    public async Task Sessions_are_counted_by_database_state_and_client()
    {
        await using PostgresServer server = await PostgresServer.StartAsync("max_connections=20");
        await RunningDatabases.CreateRole(server);
        await server.SqlAsync("CREATE DATABASE other");
        await using Session busy = await Session.OpenAsync(
            new DatabaseLogin(server.SocketDirectory, server.Port, "other", "postgres"), Poll.Timeout, CancellationToken.None);
        using CancellationTokenSource end = new();
        Task sleep = busy.ReadAsync("SELECT pg_sleep(3600)", Poll.Timeout, reader => reader.ReadAsync(), end.Token);
        await _running.Start([RunningDatabases.Database(server)]);

        DatabaseReading reading = await _running.Reading(
            reading => reading.Statistics?.Server?.States.Contains(new StateCount("other", "active", 1)) == true, "the busy session is counted");

        Assert.Contains(new ClientUse("unix", 1), reading.Statistics!.Server!.Clients);
        Assert.Contains(reading.Statistics.Server.Clients, client => client.Client == "127.0.0.1");
        Assert.True(reading.Statistics.Databases.Single(database => database.Name == "other").TransactionSeconds > 0);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sleep);
        await busy.Ended;
    }

    [Fact]
    public async Task Server_that_stops_is_down_and_up_again_after_its_start()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        await _running.Start([RunningDatabases.Database(server)]);
        await _running.Reading(reading => reading.ScrapeSucceeded == true, "it is up");

        await server.StopAsync();
        DatabaseReading down = await _running.Reading(reading => reading.Failure is not null, "it is down");

        Assert.Null(down.Statistics);
        Assert.False(down.ScrapeSucceeded);
        Assert.Contains("check host and port", down.Failure, StringComparison.Ordinal);
        Assert.Equal(ErrorType.Refused, Assert.Single(down.Errors).Type);
        Assert.Null(down.Use.Used);
        Assert.NotNull(down.Use.UsableLimit);

        await server.StartAgainAsync();
        await _running.Reading(reading => reading is { Failure: null, Statistics: not null, Login.Error: null }, "it is up again");
    }

    [Fact]
    public async Task Databases_of_a_server_share_two_connections_and_its_metrics_appear_once()
    {
        await using PostgresServer server = await PostgresServer.StartAsync("log_connections=on");
        await RunningDatabases.CreateRole(server);
        await server.SqlAsync("CREATE DATABASE other");
        Database second = RunningDatabases.Database(server, "db2");
        await _running.Start([RunningDatabases.Database(server), second with { Login = second.Login with { Database = "other" } }]);

        DatabaseReading one = await _running.Reading(reading => reading.ScrapeSucceeded == true, "the first is up");
        DatabaseReading other = await _running.Reading(reading => reading.ScrapeSucceeded == true, "the second is up", "db2");

        Assert.NotNull(one.Statistics!.Server);
        Assert.NotNull(one.Limits);
        Assert.Null(other.Statistics!.Server);
        Assert.Null(other.Limits);
        Assert.Equal("other", Assert.Single(other.Statistics.Databases).Name);
        Assert.Equal(one.Use.UsableLimit, other.Use.UsableLimit);
        Assert.Equal(
            "1", await server.SqlAsync("SELECT count(*) FROM pg_stat_activity WHERE usename = 'agent' AND backend_start < now() - interval '300 ms'"));
    }

    [Fact]
    public async Task Reload_keeps_the_errors_and_the_limits()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        Database database = RunningDatabases.Database(server);
        await _running.Start([database]);
        await _running.Reading(reading => reading.ScrapeSucceeded == true, "it is up");
        await server.StopAsync();
        DatabaseReading before = await _running.Reading(reading => reading.Errors.Length > 0, "it is down");

        await _running.Start([database with { ShownClients = 3 }]);
        DatabaseReading after = await _running.Reading(reading => reading is { Failure: not null, Database.ShownClients: 3 }, "the new source has asked");

        Assert.True(after.Errors.Single().Count >= before.Errors.Single().Count);
        Assert.Equal(before.Limits, after.Limits);
    }

    [Fact]
    public async Task More_series_than_allowed_are_dropped_whole()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        await _running.Start([RunningDatabases.Database(server) with { MaxSeries = 5 }]);

        DatabaseReading reading = await _running.Reading(reading => reading.Failure is not null, "it failed");

        Assert.Null(reading.Statistics);
        Assert.Contains(reading.Errors, error => error.Type == ErrorType.Cardinality);
    }

    [Fact]
    public async Task Repeated_failures_lead_to_quarantine_and_readings_go_on()
    {
        ManualTime time = new();
        await using RunningDatabases running = new(time);
        Database database = new("db1", new DatabaseLogin("127.0.0.1", FreePort.Next(), "postgres", "agent"));
        await running.Start([database]);
        for (int failures = 1; failures <= 3; failures++)
        {
            // A round and the test of a login.
            long expected = 2 * failures;
            await running.Reading(reading => reading.Errors is [{ Type: ErrorType.Refused, Count: long count }] && count == expected, $"{failures} failures");
            await Poll.Until(() => time.Waiting > 0, "it waits");
            if (failures < 3)
            {
                time.Leap(database.Interval);
            }
        }

        Assert.True(running.Latest()!.IsQuarantined);
        long version = running.Store.View.Version;
        time.Leap(database.Interval);
        await Poll.Until(() => running.Store.View.Version > version, "a reading is put");
        await Poll.Until(() => time.Waiting > 0, "it waits");
        Assert.Equal(6, running.Latest()!.Errors.Single().Count);

        time.Leap(database.Interval);
        await running.Reading(reading => reading.Errors.Single().Count == 8, "it is tried after 30 s");
    }

    public ValueTask DisposeAsync() => _running.DisposeAsync();
}
