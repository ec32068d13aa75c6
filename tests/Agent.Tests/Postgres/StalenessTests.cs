using Agent.Postgres;
using Agent.Tests.Hosting;
using Testing;

namespace Agent.Tests.Postgres;

/// <summary>What is older than three intervals is absent.</summary>
public sealed class StalenessTests : IAsyncDisposable
{
    private readonly RunningDatabases _running = new();

    [Fact]
    public async Task Test_of_a_login_grows_old_while_queries_run()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        Query slow = new("slow", "Slow", QueryType.Gauge, "SELECT 1 AS v FROM pg_sleep(60)") { Timeout = TimeSpan.FromMinutes(1) };
        await _running.Start([RunningDatabases.Database(server) with { Queries = [slow], Timeout = TimeSpan.FromMilliseconds(500) }]);
        await _running.Reading(reading => reading is { Failure: null, Login.Error: null }, "the login is tested");

        await _running.Reading(reading => reading is { Failure: null, Login: null }, "the test of the login grows old");
    }

    [Fact]
    public async Task Sizes_grow_old_while_no_login_succeeds()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        await _running.Start([RunningDatabases.Database(server) with { SizeInterval = TimeSpan.FromSeconds(1) }]);
        await _running.Reading(reading => reading.Statistics?.Databases.Any(database => database.SizeBytes is not null) == true, "sizes are known");

        await server.SqlAsync("ALTER ROLE agent CONNECTION LIMIT 1");
        await _running.Reading(reading => reading.Login?.FullScope == FullScope.Role, "no login succeeds");
        await _running.Reading(reading => reading.Statistics?.Databases.All(database => database.SizeBytes is null) == true, "the sizes grow old");
    }

    [Fact]
    public async Task Clients_are_absent_for_a_role_that_does_not_see_them()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server, isMonitor: false);
        await _running.Start([RunningDatabases.Database(server)]);

        DatabaseReading reading = await _running.Reading(reading => reading.Statistics is not null, "it is up");

        // Its own connection alone would be a wrong number of its address.
        Assert.Empty(reading.Statistics!.Server!.Clients);
    }

    [Fact]
    public void Results_of_another_column_are_not_taken_over()
    {
        Query query = new("q", "Q", QueryType.Gauge, "SELECT 1 AS a, 2 AS b") { ValueField = "a" };
        Database database = new("db1", new DatabaseLogin("h", 1, "d", "u"));
        QuerySchedule former = new(query, database, TimeProvider.System);
        former.Begin();
        former.Succeeded([new QuerySample([], 1)], 1);
        QuerySchedule same = new(query with { MaxSeries = 3 }, database, TimeProvider.System);
        QuerySchedule changed = new(query with { ValueField = "b" }, database, TimeProvider.System);

        same.TakeOver(former);
        changed.TakeOver(former);

        Assert.NotNull(same.Reading);
        Assert.Null(changed.Reading);
    }

    [Fact]
    public void Quarantine_of_logins_is_told_once()
    {
        ManualTime time = new();
        RecordingLogger<DatabaseSource> lines = new();
        DatabaseLog log = new(new Database("db1", new DatabaseLogin("h", 1, "d", "u")), lines);
        Quarantine logins = new(Quarantine.LongestOfDatabase, time);
        CoreStatistics core = new()
        {
            Version = "15.1",
            Role = "primary",
            IsRestricted = false,
            IsSuperuser = false,
            Limits = new ServerLimits(100, 3, 0),
            Database = "d",
            User = "u",
            BackendPid = 1,
            Databases = [],
            LimitedRoles = [],
            Backends = [],
        };
        for (int i = 0; i < 6; i++)
        {
            log.Up(core);
            logins.Failed();
            log.LoginFailed(new DatabaseError(ErrorType.Timeout, "late"), isUp: true, logins);
        }

        Assert.Single(lines.Lines, line => line.Contains("tries it less often", StringComparison.Ordinal));
    }

    public ValueTask DisposeAsync() => _running.DisposeAsync();
}
