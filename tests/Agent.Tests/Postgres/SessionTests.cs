using System.Collections.Immutable;
using Agent.Postgres;
using Testing;

namespace Agent.Tests.Postgres;

public sealed class SessionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Stopping => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rows_are_text_with_the_types_of_their_columns()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await using Session session = await Session.OpenAsync(Superuser(server), Patience, Stopping);

        string text = await session.ReadAsync(
            "SELECT 1 AS a, 'x'::text, NULL::int, 'NaN'::numeric, interval '90 s', '2026-01-02 03:04:05+01'::timestamptz, '{1,2}'::int[]",
            Patience,
            async reader =>
            {
                Assert.True(await reader.ReadAsync(Stopping));
                return string.Join('|', Enumerable.Range(0, reader.FieldCount)
                    .Select(i => $"{reader.GetDataTypeOID(i)}:{(reader.IsDBNull(i) ? "NULL" : reader.GetString(i))}"));
            },
            Stopping);

        Assert.Equal("23:1|25:x|23:NULL|1700:NaN|1186:00:01:30|1184:2026-01-02 02:04:05+00|1007:{1,2}", text);
    }

    [Fact]
    public async Task Second_statement_is_refused_and_the_session_goes_on()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await using Session session = await Session.OpenAsync(Superuser(server), Patience, Stopping);

        DatabaseException failure = await Assert.ThrowsAsync<DatabaseException>(() => Value(session, "COMMIT; CREATE TABLE zz (i int)"));

        Assert.Equal((ErrorType.Query, "42601"), (failure.Error.Type, failure.Error.SqlState));
        Assert.Equal("0", await server.SqlAsync("SELECT count(*) FROM pg_class WHERE relname = 'zz'"));
        Assert.Equal("1", await Value(session, "SELECT 1"));
    }

    [Fact]
    public async Task Reading_stops_early_by_a_cancel()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await using Session session = await Session.OpenAsync(Superuser(server), Patience, Stopping);

        int rows = await session.ReadAsync(
            "SELECT repeat('x', 1000) FROM generate_series(1, 100000000)",
            Patience,
            async reader =>
            {
                int count = 0;
                while (count < 10 && await reader.ReadAsync(Stopping))
                {
                    count++;
                }

                return count;
            },
            Stopping);

        Assert.Equal(10, rows);
        await Poll.Until(() => server.Log.Contains("canceling statement due to user request", StringComparison.Ordinal), "the server was told to stop");
        Assert.Equal("1", await Value(session, "SELECT 1"));
    }

    [Fact]
    public async Task Statement_is_described_without_being_run()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await using Session session = await Session.OpenAsync(Superuser(server), Patience, Stopping);

        ImmutableArray<Column> columns = await session.DescribeAsync("SELECT 1 AS a, pg_sleep(3600), 'x'::text AS \"B\"", Patience, Stopping);

        Assert.Equal([new Column("a", 23), new Column("pg_sleep", 2278), new Column("B", 25)], columns);
        DatabaseException failure = await Assert.ThrowsAsync<DatabaseException>(() => session.DescribeAsync("SELECT missing", Patience, Stopping));
        Assert.Equal("42703", failure.Error.SqlState);
    }

    private static DatabaseLogin Superuser(PostgresServer server) => new(server.SocketDirectory, server.Port, "postgres", "postgres");

    private static Task<string> Value(Session session, string sql) => session.ReadAsync(
        sql,
        Patience,
        async reader => await reader.ReadAsync(Stopping) ? reader.GetString(0) : "",
        Stopping);
}
