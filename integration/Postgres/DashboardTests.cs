using Testing;

namespace Integration.Postgres;

/// <summary>The panels about PostgreSQL, with a server that has a value for each of them.</summary>
[StartsProgram]
public sealed class DashboardTests
{
    [Fact]
    public async Task Every_query_of_the_dashboard_about_databases_returns_series()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        // Shown only where there is a limit.
        await server.SqlAsync("ALTER DATABASE db1 CONNECTION LIMIT 10");
        await server.OpenSessionsAsync(1);
        using DatabaseAgent agent = new(server);
        // Errors are shown only where there were some.
        agent.Queries.Add(DatabaseAgent.Query("wrong", "SELECT no_such_column FROM courses"));
        await agent.StartAsync();
        using Prometheus prometheus = new(agent.Address);

        Assert.NotEmpty(Dashboard.DatabaseExpressions());
        foreach (string expression in Dashboard.DatabaseExpressions())
        {
            await prometheus.Api.QueryUntil(expression, series => series.Length > 0);
        }
    }
}
