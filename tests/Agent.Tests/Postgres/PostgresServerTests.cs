using Testing;

namespace Agent.Tests.Postgres;

public sealed class PostgresServerTests
{
    [Fact]
    public async Task Server_starts_stops_and_starts_again()
    {
        await using PostgresServer server = await PostgresServer.StartAsync("max_connections=20");

        Assert.Equal("20", await server.SqlAsync("SHOW max_connections"));

        await server.StopAsync();
        await server.StartAgainAsync();

        Assert.Equal("1|2", await server.SqlAsync("SELECT 1, 2"));
    }
}
