using System.Diagnostics;
using Testing;

namespace Integration.Postgres;

/// <summary>A server that does not answer, and an agent that is stopped while it waits for one.</summary>
[StartsProgram]
public sealed class HungServerTests
{
    [Fact]
    public async Task Server_that_stops_for_30_seconds_holds_up_no_scrape()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        using DatabaseAgent agent = new(server);
        await agent.StartAsync();
        await agent.Until(("pg_up{db=\"db1\"}", 1), ("pg_login_success{db=\"db1\"}", 1));

        await server.Server.SignalAllAsync("STOP");
        Stopwatch stopped = Stopwatch.StartNew();
        TimeSpan? down = null;
        List<TimeSpan> scrapes = [];
        await Poll.Until(
            async () =>
            {
                Stopwatch scrape = Stopwatch.StartNew();
                Sample[] samples = await agent.SamplesAsync();
                scrapes.Add(scrape.Elapsed);
                if (samples.Any(sample => sample.Is("pg_up{db=\"db1\"}") && sample.Value == 0))
                {
                    down ??= stopped.Elapsed;
                }

                return stopped.Elapsed > TimeSpan.FromSeconds(30);
            },
            "30 s");
        await server.Server.SignalAllAsync("CONT");

        scrapes.Sort();
        // No scrape waits for the timeout of 5 s. A busy machine may delay single ones.
        Assert.InRange(scrapes[scrapes.Count / 2], TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
        Assert.InRange(scrapes[^1], TimeSpan.Zero, TimeSpan.FromSeconds(2));
        // The interval of 1 s, the timeout of 5 s and a second more, doubled for a busy machine.
        Assert.NotNull(down);
        Assert.InRange(down.Value, TimeSpan.Zero, TimeSpan.FromSeconds(14));
        Stopwatch continued = Stopwatch.StartNew();
        await agent.Until(("pg_up{db=\"db1\"}", 1), ("pg_login_success{db=\"db1\"}", 1), ("disc_golf_total_holes{db=\"db1\"}", 69));
        Assert.InRange(continued.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Postmaster_that_hangs_fails_the_login_and_leaves_the_kept_connection()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        using DatabaseAgent agent = new(server);
        agent.Databases[0]!["timeout"] = "1s";
        await agent.StartAsync();
        await agent.Until(("pg_up{db=\"db1\"}", 1), ("pg_login_success{db=\"db1\"}", 1));

        await server.Server.SignalPostmasterAsync("STOP");

        Sample[] samples = await agent.Until(
            samples => samples.Any(sample => sample.Is("pg_login_success{db=\"db1\"}") && sample.Value == 0)
                && samples.Any(sample => sample.Is("pg_scrape_errors_total{db=\"db1\",error_type=\"timeout\"}") && sample.Value > 0),
            "the login times out");
        Assert.Equal(1, Assert.Single(samples, sample => sample.Is("pg_up{db=\"db1\"}")).Value);

        await server.Server.SignalPostmasterAsync("CONT");

        await agent.Until(("pg_login_success{db=\"db1\"}", 1));
    }

    [Fact]
    public async Task Agent_that_is_stopped_during_a_long_query_ends_at_once_and_leaves_no_session()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        using DatabaseAgent agent = new(server);
        agent.Queries.Add(DatabaseAgent.Query("slow", "SELECT 1 AS one FROM pg_sleep(600)"));
        agent.Queries[^1]!["timeout"] = "1m";
        await agent.StartAsync();
        await Poll.Until(
            async () => await server.SqlAsync("SELECT count(*) FROM pg_stat_activity WHERE usename = 'agent' AND wait_event = 'PgSleep'") == "1",
            "the query runs");

        Stopwatch ending = Stopwatch.StartNew();
        agent.Process.Signal(NativeMethods.SIGTERM);
        Assert.Equal(0, await agent.Process.Exit());

        Assert.InRange(ending.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        await Poll.Until(
            async () => await server.SqlAsync("SELECT count(*) FROM pg_stat_activity WHERE usename = 'agent'") == "0", "no session is left");
    }
}
