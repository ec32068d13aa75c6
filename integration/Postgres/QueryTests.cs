using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Npgsql;
using Testing;

namespace Integration.Postgres;

/// <summary>Bounds of custom queries and of connections, and a pooler.</summary>
[StartsProgram]
public sealed class QueryTests
{
    [Fact]
    public async Task Query_with_100_000_rows_is_dropped_whole_and_takes_no_memory()
    {
        // A program that is compiled as it runs takes memory for each path that it had not taken before.
        long most = AgentProcess.Command is [_] ? 2048 : 8192;
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        using DatabaseAgent agent = new(server);
        agent.Queries.Add(Many(1001));
        await agent.StartAsync();
        await agent.Until(("pg_query_quarantined{db=\"db1\",query=\"many\"}", 1));
        // Takes the path of the change of the file before the memory is read.
        double errors = await FailAgain(1002);
        long before = ResidentKilobytes(agent);

        Assert.True(await FailAgain(100_000) > errors);

        Assert.InRange(ResidentKilobytes(agent) - before, long.MinValue, most);
        Sample[] samples = await agent.Until(("pg_query_success{db=\"db1\",query=\"many\"}", 0), ("disc_golf_total_holes{db=\"db1\"}", 69));
        Assert.DoesNotContain(samples, sample => sample.Name == "many");
        // Three failures in a row.
        await agent.Until(("pg_query_quarantined{db=\"db1\",query=\"many\"}", 1), ("pg_quarantined{db=\"db1\"}", 0), ("pg_up{db=\"db1\"}", 1));

        static JsonObject Many(int rows) => DatabaseAgent.Query(
            "many", string.Create(CultureInfo.InvariantCulture, $"SELECT i AS row, 1 AS one FROM generate_series(1, {rows}) AS i"), "row");

        // A changed query is tried at once and then again, until it has failed three times.
        async Task<double> FailAgain(int rows)
        {
            double last = Errors(await agent.SamplesAsync());
            agent.Queries[^1] = Many(rows);
            agent.WriteConfiguration();
            return Errors(await agent.Until(samples => Errors(samples) >= last + 3, $"{rows} rows fail three times"));
        }

        static double Errors(Sample[] samples) =>
            samples.Where(sample => sample.Is("pg_scrape_errors_total{db=\"db1\",error_type=\"cardinality\"}")).Sum(sample => sample.Value);
    }

    [Theory]
    [InlineData("commit; create table zz(i int)")]
    [InlineData("set default_transaction_read_only = off; commit; create table zz(i int)")]
    [InlineData("create table zz(i int)")]
    public async Task Query_cannot_write(string sql)
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        // So that only the transaction, and no missing privilege, prevents it.
        await server.SqlAsync("GRANT CREATE ON SCHEMA public TO agent");
        using DatabaseAgent agent = new(server);
        agent.Queries.Add(DatabaseAgent.Query("writer", sql));
        await agent.StartAsync();

        await agent.Until(("pg_query_success{db=\"db1\",query=\"writer\"}", 0), ("disc_golf_total_holes{db=\"db1\"}", 69));

        Assert.Equal("0", await server.SqlAsync("SELECT count(*) FROM pg_class WHERE relname = 'zz'"));
        Assert.Contains(sql.Contains(';', StringComparison.Ordinal) ? "42601" : "25006", agent.Process.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hundred_scrapes_at_once_open_no_further_connection()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        await server.SqlAsync("ALTER ROLE agent CONNECTION LIMIT 2");
        using DatabaseAgent agent = new(server);
        await agent.StartAsync();
        await agent.Until(("pg_login_success{db=\"db1\"}", 1));

        // Until some rounds have passed while the scrapes go on. The server itself refuses a third connection.
        using CancellationTokenSource enough = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Task[] scrapers = [.. Enumerable.Range(0, 100).Select(_ => Task.Run(() => ScrapeUntilAsync(agent.Address, enough.Token)))];
        int highest = 0;
        long sessions = await Sessions();
        await Poll.Until(
            async () =>
            {
                highest = Math.Max(highest, int.Parse(await server.SqlAsync("SELECT count(*) FROM pg_stat_activity WHERE usename = 'agent'"), CultureInfo.InvariantCulture));
                return await Sessions() >= sessions + 10;
            },
            "ten rounds");
        await enough.CancelAsync();
        await Task.WhenAll(scrapers);

        Assert.InRange(highest, 1, 2);
        Assert.DoesNotContain("too many connections for role", server.Server.Log, StringComparison.Ordinal);
        await agent.Until(("pg_login_success{db=\"db1\"}", 1), ("pg_full{db=\"db1\",scope=\"role\"}", 0));

        // Sessions of the superuser through the unix socket count, too, and only make the wait shorter.
        async Task<long> Sessions() => long.Parse(
            await server.Server.SqlAsync("SELECT sessions FROM pg_stat_database WHERE datname = 'db1'"), CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task Queries_run_through_PgBouncer_and_leave_no_setting_to_another_client()
    {
        await using DiscGolfServer server = await DiscGolfServer.StartAsync("db1");
        using PgBouncer bouncer = await PgBouncer.StartAsync(server);
        using DatabaseAgent agent = new(server);
        agent.Databases[0]!["port"] = bouncer.Port;
        await agent.StartAsync();
        await agent.Until(("pg_up{db=\"db1\"}", 1), ("disc_golf_total_holes{db=\"db1\"}", 69), ("pg_scrape_success{db=\"db1\"}", 1));

        // The pool has one connection to the server, which all clients of this role share.
        await using NpgsqlConnection other = await server.LogInAsync(bouncer.Port, "agent", DiscGolfServer.AgentPassword);
        double rounds = await Rounds(agent);
        await Poll.Until(
            async () =>
            {
                Assert.Equal(("0", "0", "ISO, MDY"), (await Show("statement_timeout"), await Show("lock_timeout"), await Show("DateStyle")));
                return await Rounds(agent) > rounds + 3;
            },
            "three runs of the query");

        async Task<string> Show(string setting)
        {
            await using NpgsqlCommand command = new($"SHOW {setting}", other);
            return (string)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
        }
    }

    private static async Task<double> Rounds(DatabaseAgent agent) =>
        Assert.Single(await agent.SamplesAsync(), sample => sample.Is("pg_query_last_success_timestamp_seconds{db=\"db1\"}")).Value;

    private static async Task ScrapeUntilAsync(string address, CancellationToken enough)
    {
        using HttpClient client = new(new SocketsHttpHandler { UseProxy = false });
        while (!enough.IsCancellationRequested)
        {
            try
            {
                // The endpoint may refuse some of so many clients.
                using HttpResponseMessage response = await client.GetAsync(new Uri($"http://{address}/metrics"), enough);
            }
            catch (Exception failure) when (failure is HttpRequestException or SocketException or OperationCanceledException)
            {
            }
        }
    }

    private static long ResidentKilobytes(DatabaseAgent agent) => long.Parse(
        File.ReadLines($"/proc/{agent.Process.Id}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}
