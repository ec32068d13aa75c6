using Agent.Postgres;
using Testing;

namespace Agent.Tests.Postgres;

/// <summary>Servers that do not respond, and the end of the agent.</summary>
public sealed class HangTests : IAsyncDisposable
{
    private readonly RunningDatabases _running = new();

    [Fact]
    public async Task Server_that_hangs_is_down_until_it_goes_on()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        await _running.Start([RunningDatabases.Database(server) with { Timeout = TimeSpan.FromSeconds(1) }]);
        await _running.Reading(reading => reading.ScrapeSucceeded == true, "it is up");

        await server.SignalAllAsync("STOP");
        DatabaseReading down = await _running.Reading(reading => reading.Failure is not null, "it is down");

        Assert.Contains(down.Errors, error => error.Type == ErrorType.Timeout);
        await server.SignalAllAsync("CONT");
        await _running.Reading(reading => reading is { Failure: null, Login.Error: null }, "it is up again");
        await Poll.Until(
            async () => await server.SqlAsync("SELECT count(*) <= 2 FROM pg_stat_activity WHERE usename = 'agent'") == "t", "the former connections have ended");
    }

    [Fact]
    public async Task Postmaster_that_hangs_alone_refuses_logins_and_the_kept_connection_goes_on()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        await _running.Start([RunningDatabases.Database(server) with { Timeout = TimeSpan.FromSeconds(1) }]);
        await _running.Reading(reading => reading.ScrapeSucceeded == true, "it is up");

        await server.SignalPostmasterAsync("STOP");
        DatabaseReading reading = await _running.Reading(reading => reading.Login?.Error is not null, "the login fails");

        Assert.Null(reading.Failure);
        Assert.Equal(ErrorType.Timeout, reading.Login!.Error!.Type);
        await server.SignalPostmasterAsync("CONT");
    }

    [Fact]
    public async Task Statement_that_is_too_slow_is_ended_by_the_server_and_the_session_goes_on()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await using Session session = await Session.OpenAsync(
            new DatabaseLogin(server.SocketDirectory, server.Port, "postgres", "postgres"), Poll.Timeout, CancellationToken.None);

        DatabaseException failure = await Assert.ThrowsAsync<DatabaseException>(() => session.ReadAsync(
            "SELECT pg_sleep(3600)", TimeSpan.FromMilliseconds(100), reader => reader.ReadAsync(), CancellationToken.None));

        Assert.Equal((ErrorType.Timeout, "57014"), (failure.Error.Type, failure.Error.SqlState));
        Assert.True(session.IsOpen);
    }

    [Fact]
    public async Task End_of_the_agent_leaves_no_backend()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        Database database = RunningDatabases.Database(server);
        DatabaseServer connections = new(database.Login.Server, TimeProvider.System);
        connections.Configure([database.Login]);
        using CancellationTokenSource stopping = new();
        Task test = connections.TestAsync(
            database,
            (session, _) => session.ReadAsync("SELECT pg_sleep(3600)", Poll.Timeout, reader => reader.ReadAsync(), stopping.Token),
            stopping.Token);
        await Poll.Until(async () => await Sleeping(server) == "1", "it sleeps");

        await stopping.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => test);
        await connections.LetGoEnded;
        await Poll.Until(async () => await Sleeping(server) == "0", "the backend has ended");
    }

    [Fact]
    public async Task Role_without_pg_monitor_counts_all_sessions_and_says_that_it_does_not_see_them()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server, isMonitor: false);
        await using Session other = await Session.OpenAsync(
            new DatabaseLogin(server.SocketDirectory, server.Port, "postgres", "postgres"), Poll.Timeout, CancellationToken.None);
        await _running.Start([RunningDatabases.Database(server)]);

        DatabaseReading reading = await _running.Reading(
            reading => reading.Statistics?.Server?.States.Contains(new StateCount("postgres", "unknown", 1)) == true, "the hidden session is counted");

        Assert.True(reading.Statistics!.IsRestricted);
        Assert.Null(reading.Statistics.ActiveConnections);
        Assert.Null(reading.Statistics.Databases.Single(database => database.Name == "postgres").TransactionSeconds);
        Assert.Contains(_running.Log, line => line.Contains("grant it pg_monitor", StringComparison.Ordinal));
    }

    [Fact]
    public async Task All_databases_are_asked_once()
    {
        await using PostgresServer server = await PostgresServer.StartAsync("max_connections=20");
        await RunningDatabases.CreateRole(server);
        Database good = RunningDatabases.Database(server);
        Database wrong = RunningDatabases.Database(server, "db2", RunningDatabases.PasswordFile("wrong"));
        Database missing = new("db3", new DatabaseLogin("127.0.0.1", FreePort.Next(), "postgres", "agent"));

        DatabaseReading[] readings = await Task.Run(() => OneRound.AskAll([good, wrong, missing], [], TimeProvider.System));

        Assert.Equal(["db1", "db2", "db3"], readings.Select(reading => reading.Database.Name));
        Assert.Equal(17, readings[0].Use.UsableLimit);
        Assert.Contains(readings[0].Statistics!.Server!.Sessions, session => session is { Role: "agent", Application: "connection-agent" });
        Assert.Equal(ErrorType.Password, readings[1].Login!.Error!.Type);
        Assert.Equal(ErrorType.Refused, readings[2].Login!.Error!.Type);
    }

    public ValueTask DisposeAsync() => _running.DisposeAsync();

    private static Task<string> Sleeping(PostgresServer server) =>
        server.SqlAsync("SELECT count(*) FROM pg_stat_activity WHERE usename = 'agent' AND query LIKE '%pg_sleep%'");
}
