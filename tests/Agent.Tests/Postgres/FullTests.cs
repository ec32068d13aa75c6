using System.Net.Sockets;
using Agent.Postgres;
using Agent.Watching;
using Testing;

namespace Agent.Tests.Postgres;

public sealed class FullTests : IAsyncDisposable
{
    private readonly RunningDatabases _running = new();

    [Fact]
    public async Task Reserve_alone_is_left_and_the_kept_connection_goes_on()
    {
        await using PostgresServer server = await PostgresServer.StartAsync("max_connections=20", "lc_messages=C");
        await RunningDatabases.CreateRole(server);
        await server.SqlAsync("CREATE ROLE app LOGIN");
        await _running.Start([RunningDatabases.Database(server)]);
        await _running.Reading(reading => reading.ScrapeSucceeded == true, "it is up");
        await using Crowd crowd = await Crowd.Of(server, "app", 16);

        DatabaseReading reading = await _running.Reading(reading => reading.Login?.FullScope is not null && reading.Use.Used == 17, "the login is refused");

        Assert.Equal(FullScope.SuperuserReserve, reading.Login!.FullScope);
        Assert.Null(reading.Failure);
        Assert.Equal(17, reading.Use.UsableLimit);
        Assert.True(reading.Use.IsFull);
        Assert.Equal(17, reading.Statistics!.Server!.States.Sum(state => state.Count));
        Assert.False(reading.IsQuarantined);
        Assert.Contains(_running.Log, line => line.StartsWith("Error: database db1: no free connection (superuser_reserve)", StringComparison.Ordinal));

        await crowd.DisposeAsync();
        await _running.Reading(reading => reading is { Login.Error: null, ScrapeSucceeded: true }, "a login succeeds again");
        Assert.Equal("Information: database db1: a new login succeeds again", _running.Log[^1]);
    }

    [Fact]
    public async Task Role_and_database_have_limits_of_their_own()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await server.SqlAsync("CREATE ROLE few LOGIN CONNECTION LIMIT 0; CREATE ROLE app LOGIN; CREATE DATABASE small CONNECTION LIMIT 0");
        DatabaseLogin login = new(server.SocketDirectory, server.Port, "postgres", "few");

        Assert.Equal(FullScope.Role, await ScopeOf(login));
        Assert.Equal(FullScope.Database, await ScopeOf(login with { User = "app", Database = "small" }));
    }

    [Fact]
    public async Task Half_authenticated_clients_fill_the_server_and_are_counted()
    {
        await using PostgresServer server = await PostgresServer.StartAsync("max_connections=20", "authentication_timeout=10min");
        await RunningDatabases.CreateRole(server);
        Watch watch = new("postgres", [(ushort)server.Port]) { Database = "db1" };
        await _running.Start([RunningDatabases.Database(server)], new WatchedNamespace(null, null, [watch]));
        DatabaseReading before = await _running.Reading(reading => reading.ScrapeSucceeded == true, "it is up");
        Assert.Equal(new WithoutBackend("postgres", 0), Assert.Single(before.Statistics!.Server!.WithoutBackend));

        // The last ones may meet the agent's second connection and find no slot; the kept one has its own.
        List<TcpClient> clients = [];
        await Poll.Until(
            async () =>
            {
                try
                {
                    clients.AddRange(await RunningDatabases.HalfAuthenticated(server, 1));
                }
                catch (Xunit.Sdk.XunitException)
                {
                    // An error in place of the request for the password: full for now.
                }

                return clients.Count == 19;
            },
            "all slots are taken");
        DatabaseReading reading = await _running.Reading(reading => reading.Login?.FullScope == FullScope.Server
            && reading.Statistics?.Server?.WithoutBackend is [{ Count: >= 19 }], "it is full");

        Assert.Null(reading.Failure);
        Assert.Equal(1, reading.Use.Used);
        Assert.True(reading.Use.IsFull);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task Server_of_another_watch_has_no_connections_without_backend()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await RunningDatabases.CreateRole(server);
        Watch elsewhere = new("elsewhere", [(ushort)FreePort.Next()]) { Database = "db1" };
        await _running.Start([RunningDatabases.Database(server)], new WatchedNamespace(null, null, [elsewhere]));

        DatabaseReading reading = await _running.Reading(reading => reading.ScrapeSucceeded == true, "it is up");

        Assert.Empty(reading.Statistics!.Server!.WithoutBackend);
    }

    public ValueTask DisposeAsync() => _running.DisposeAsync();

    private static async Task<FullScope?> ScopeOf(DatabaseLogin login)
    {
        DatabaseException failure = await Assert.ThrowsAsync<DatabaseException>(() => Session.OpenAsync(login, Poll.Timeout, CancellationToken.None));
        Assert.Equal((ErrorType.Full, "53300"), (failure.Error.Type, failure.Error.SqlState));
        return failure.Error.FullScope;
    }

    /// <summary>Sessions of one role.</summary>
    private sealed class Crowd : IAsyncDisposable
    {
        private readonly List<Session> _sessions = [];

        internal static async Task<Crowd> Of(PostgresServer server, string role, int count)
        {
            Crowd crowd = new();
            DatabaseLogin login = new(server.SocketDirectory, server.Port, "postgres", role);
            // The agent's second connection comes and goes.
            await Poll.Until(
                async () =>
                {
                    try
                    {
                        crowd._sessions.Add(await Session.OpenAsync(login, Poll.Timeout, CancellationToken.None));
                    }
                    catch (DatabaseException full) when (full.Error.Type == ErrorType.Full)
                    {
                        return false;
                    }

                    return crowd._sessions.Count == count;
                },
                "all sessions are open");
            return crowd;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (Session session in _sessions)
            {
                await session.DisposeAsync();
            }
        }
    }
}
