using Testing;

namespace Integration.Postgres;

/// <summary>A server without a free connection. Most of these cases are invisible in SQL, or on the TCP side, alone.</summary>
[StartsProgram]
public sealed class FullServerTests
{
    // max_connections without superuser_reserved_connections.
    private const int Usable = DiscGolfServer.MaxConnections - 3;

    [Fact]
    public async Task Server_full_of_sessions_is_still_measured_through_the_kept_connection()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        using DatabaseAgent agent = new(server);
        await agent.StartAsync();
        await agent.Until(("pg_up{db=\"db1\"}", 1), ("pg_login_success{db=\"db1\"}", 1), ("pg_full{db=\"db1\",scope=\"superuser_reserve\"}", 0));

        // A test of a login may hold the last slot at this moment.
        await Poll.Until(async () => await TryOpenAsync(server), "one more session");
        for (int opened = 1; opened < Usable - 1; opened++)
        {
            await Poll.Until(async () => await TryOpenAsync(server), "one more session");
        }

        Sample[] samples = await agent.Until(
            samples => samples.Any(sample => sample.Is("pg_full{db=\"db1\",scope=\"superuser_reserve\"}") && sample.Value == 1) && Sum(samples) == Usable,
            "the server is full, and all its sessions are counted");
        AssertValue(samples, "pg_connections_usable_limit{db=\"db1\"}", Usable);
        AssertValue(samples, "pg_connections_limit{db=\"db1\"}", DiscGolfServer.MaxConnections);
        AssertValue(samples, "pg_login_success{db=\"db1\"}", 0);
        AssertValue(samples, "pg_up{db=\"db1\"}", 1);
        AssertValue(samples, "pg_quarantined{db=\"db1\"}", 0);
        Assert.Contains(samples, sample => sample.Is("pg_scrape_errors_total{db=\"db1\",error_type=\"full\"}") && sample.Value > 0);

        await server.CloseSessionsAsync();

        await agent.Until(("pg_full{db=\"db1\",scope=\"superuser_reserve\"}", 0), ("pg_login_success{db=\"db1\"}", 1));
    }

    [Fact]
    public async Task Full_server_is_down_for_an_agent_that_starts_then_and_recovers_without_quarantine()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        await server.OpenSessionsAsync(Usable);
        using DatabaseAgent agent = new(server);
        await agent.StartAsync();

        Sample[] samples = await agent.Until(
            ("pg_up{db=\"db1\"}", 0), ("pg_full{db=\"db1\",scope=\"superuser_reserve\"}", 1), ("pg_quarantined{db=\"db1\"}", 0));
        Assert.DoesNotContain(samples, sample => sample.Name is "pg_connections" or "pg_connections_usable_limit");

        await server.CloseSessionsAsync();

        await agent.Until(("pg_up{db=\"db1\"}", 1), ("pg_full{db=\"db1\",scope=\"superuser_reserve\"}", 0));
    }

    [Theory]
    [InlineData("ALTER ROLE agent CONNECTION LIMIT 1", "role")]
    [InlineData("ALTER DATABASE db1 CONNECTION LIMIT 1", "database")]
    public async Task Limit_of_the_role_and_of_the_database_are_told_apart(string sql, string scope)
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        await server.SqlAsync(sql);
        using DatabaseAgent agent = new(server);
        await agent.StartAsync();

        Sample[] samples = await agent.Until(($"pg_full{{db=\"db1\",scope=\"{scope}\"}}", 1), ("pg_up{db=\"db1\"}", 1));

        Assert.All(samples.Where(sample => sample.Name == "pg_full" && !sample.Labels.Contains($"scope=\"{scope}\"")), sample => Assert.Equal(0, sample.Value));
    }

    [Fact]
    public async Task Clients_in_the_middle_of_the_login_fill_a_server_whose_sessions_do_not_show_them()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1", "authentication_timeout=10min");
        using DatabaseAgent agent = new(server);
        await agent.StartAsync();
        await agent.Until(("pg_login_success{db=\"db1\"}", 1), ("pg_connections_without_backend{db=\"db1\",watch=\"postgres\"}", 0));
        using Prometheus prometheus = new(agent.Address);

        await server.ConnectHalfAuthenticatedAsync(DiscGolfServer.MaxConnections - 1);

        Sample[] samples = await agent.Until(
            samples => samples.Any(sample => sample.Is("pg_connections_without_backend{db=\"db1\",watch=\"postgres\"}")
                    && sample.Value >= DiscGolfServer.MaxConnections - 1)
                && samples.Any(sample => sample.Is("pg_full{db=\"db1\",scope=\"server\"}") && sample.Value == 1),
            "the server is full of connections without a backend");
        AssertValue(samples, "pg_up{db=\"db1\"}", 1);
        Assert.Equal(1, Sum(samples));
        await prometheus.Api.AlertUntil("PostgresFull", "pending", "firing");
        await prometheus.Api.AlertUntil("PostgresSilentConnections", "pending", "firing");

        server.CloseClients();

        await agent.Until(
            ("pg_full{db=\"db1\",scope=\"server\"}", 0), ("pg_login_success{db=\"db1\"}", 1), ("pg_connections_without_backend{db=\"db1\",watch=\"postgres\"}", 0));
    }

    [Fact]
    public async Task Silent_clients_refuse_everybody_beyond_the_processes_of_the_server()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1", "authentication_timeout=10min");
        using DatabaseAgent agent = new(server);
        await agent.StartAsync();
        await agent.Until(("pg_login_success{db=\"db1\"}", 1));

        server.ConnectSilent(90);

        Sample[] samples = await agent.Until(
            samples => samples.Any(sample => sample.Is("pg_connections_without_backend{db=\"db1\",watch=\"postgres\"}") && sample.Value >= 90)
                && samples.Any(sample => sample.Is("pg_full{db=\"db1\",scope=\"server\"}") && sample.Value == 1),
            "90 silent clients");
        AssertValue(samples, "pg_up{db=\"db1\"}", 1);
    }

    private static async Task<bool> TryOpenAsync(DiscGolfServer server)
    {
        try
        {
            await server.OpenSessionsAsync(1);
            return true;
        }
        catch (Npgsql.PostgresException full) when (full.SqlState == "53300")
        {
            return false;
        }
    }

    private static double Sum(Sample[] samples) => samples.Where(sample => sample.Name == "pg_connections").Sum(sample => sample.Value);

    private static void AssertValue(Sample[] samples, string name, double value) =>
        Assert.Equal(value, Assert.Single(samples, sample => sample.Is(name)).Value);
}
