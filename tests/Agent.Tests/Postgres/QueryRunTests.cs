using System.Collections.Immutable;
using Agent.Postgres;
using Testing;

namespace Agent.Tests.Postgres;

/// <summary>Custom queries on a real server.</summary>
public sealed class QueryRunTests(QueryRunTests.Server server) : IClassFixture<QueryRunTests.Server>
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("7::smallint", 7)]
    [InlineData("(-7)::integer", -7)]
    [InlineData("9007199254740991::bigint", 9007199254740991)]
    [InlineData("4294967295::oid", 4294967295)]
    [InlineData("1.5::real", 1.5)]
    [InlineData("0.1::double precision", 0.1)]
    [InlineData("'-1e-300'::double precision", -1e-300)]
    [InlineData("'NaN'::double precision", double.NaN)]
    [InlineData("'-Infinity'::double precision", double.NegativeInfinity)]
    [InlineData("1e40::numeric", 1e40)]
    [InlineData("12345678901234567890.5::numeric", 12345678901234567890.5)]
    [InlineData("'NaN'::numeric", double.NaN)]
    [InlineData("'Infinity'::numeric", double.PositiveInfinity)]
    [InlineData("'-Infinity'::numeric", double.NegativeInfinity)]
    [InlineData("true", 1)]
    [InlineData("false", 0)]
    [InlineData("interval '1 day 02:03:04.5'", 93784.5)]
    [InlineData("interval '-1 day +02:00:00'", -79200)]
    [InlineData("interval '-00:00:00.25'", -0.25)]
    [InlineData("interval '100:00:00'", 360000)]
    [InlineData("interval '0'", 0)]
    [InlineData("timestamptz '2026-01-02 03:04:05.25+00'", 1767323045.25)]
    [InlineData("timestamptz '1969-12-31 23:59:59+05:30'", -19801)]
    [InlineData("timestamptz 'infinity'", double.PositiveInfinity)]
    [InlineData("timestamptz '-infinity'", double.NegativeInfinity)]
    [InlineData("pg_lsn '16/B374D848'", 97500059720)]
    public async Task Value_of_each_type_becomes_a_number(string expression, double number) =>
        Assert.Equal([number], (await Run(new Query("m", "M", QueryType.Gauge, $"SELECT {expression} AS v"))).Select(sample => sample.Value));

    [Theory]
    [InlineData("interval '1 month'", "v: 1 mon is not a value")]
    [InlineData("interval '2 years 1 day'", "extract(epoch from v)")]
    [InlineData("1e400::numeric", "is not a value that a metric can have")]
    [InlineData("timestamptz '12000-01-01 00:00:00+00'", "12000-01-01")]
    [InlineData("timestamptz '0044-03-15 00:00:00+00 BC'", "BC")]
    [InlineData("timestamp '2026-01-02 03:04:05'", "v AT TIME ZONE 'UTC'")]
    [InlineData("date '2026-01-02'", "type date")]
    [InlineData("'5'::text", "type text is no number: cast it in the query, v::float8")]
    [InlineData("'5'", "type text")]
    [InlineData("'{1}'::int[]", "OID 1007")]
    [InlineData("'{}'::jsonb", "type jsonb")]
    public async Task Value_that_is_no_number_is_an_error_that_names_the_column(string expression, string part)
    {
        DatabaseError error = await Fail(new Query("m", "M", QueryType.Gauge, $"SELECT {expression} AS v"));
        Assert.Equal(ErrorType.Value, error.Type);
        Assert.StartsWith("column v: ", error.Message);
        Assert.Contains(part, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public async Task Null_value_gives_no_series_and_a_null_label_is_empty()
    {
        ImmutableArray<QuerySample> samples = await Run(new Query(
            "m", "M", QueryType.Gauge, "SELECT * FROM (VALUES ('a', 1), ('b', NULL), (NULL, 3)) AS t (location, n)")
        { Labels = ["location"] });
        Assert.Equal([("a", 1), ("", 3)], samples.Select(sample => (Assert.Single(sample.LabelValues), sample.Value)));
    }

    [Fact]
    public async Task Labels_have_the_text_of_any_type_in_the_order_of_the_configuration()
    {
        QuerySample sample = Assert.Single(await Run(new Query(
            "m", "M", QueryType.Gauge,
            "SELECT true AS b, 1.50::numeric AS n, inet '192.0.2.1' AS i, '{1,2}'::int[] AS a, E'\"\\\\\\n' AS t, 5 AS v")
        { Labels = ["t", "a", "i", "n", "b"] }));
        Assert.Equal(["\"\\\n", "{1,2}", "192.0.2.1", "1.50", "t"], sample.LabelValues);
        Assert.Equal(5, sample.Value);
    }

    [Theory]
    [InlineData("SELECT 1 AS a, 2 AS b", "several columns can be the value: a, b; name one with valueField")]
    [InlineData("SELECT 'x' AS location", "no column for the value")]
    [InlineData("SELECT", "returns no columns")]
    public async Task Value_column_that_is_not_clear_is_an_error(string sql, string part)
    {
        DatabaseError error = await Fail(new Query("m", "M", QueryType.Gauge, sql) { Labels = sql.Contains("location") ? ["location"] : [] });
        Assert.Equal(ErrorType.Value, error.Type);
        Assert.Contains(part, error.Message);
    }

    [Theory]
    [InlineData("SELECT 1 AS v", "column location: the result has no such column for the label, only v; add it to the query, or correct labels")]
    [InlineData("SELECT 'x' AS location, 1 AS n", "column v: the result has no such column for valueField, only location, n")]
    [InlineData("SELECT 'x' AS location, 'y' AS location, 1 AS v", "column location: the result has it twice")]
    public async Task Missing_or_repeated_column_is_an_error_even_without_rows(string sql, string message)
    {
        DatabaseError error = await Fail(new Query("m", "M", QueryType.Gauge, sql + " WHERE false") { Labels = ["location"], ValueField = "v" });
        Assert.Equal(ErrorType.Value, error.Type);
        Assert.StartsWith(message, error.Message);
    }

    [Fact]
    public async Task Rows_with_the_same_labels_are_an_error_that_shows_them()
    {
        DatabaseError error = await Fail(new Query("m", "M", QueryType.Gauge, "SELECT 'x' AS a, n FROM generate_series(1, 2) n") { Labels = ["a"] });
        Assert.Equal(ErrorType.Duplicate, error.Type);
        Assert.Contains("{a=\"x\"}", error.Message);
    }

    [Fact]
    public async Task Labels_are_not_confused_by_their_concatenation() => Assert.Equal(
        2, (await Run(new Query("m", "M", QueryType.Gauge, "SELECT * FROM (VALUES ('a', 'ba', 1), ('ab', 'a', 2)) AS t (a, b, v)") { Labels = ["a", "b"] })).Length);

    [Fact]
    public async Task Label_that_is_too_long_is_an_error()
    {
        Query Long(int length) => new("m", "M", QueryType.Gauge, $"SELECT repeat('x', {length}) AS a, 1 AS v") { Labels = ["a"] };

        Assert.Single(await Run(Long(QueryRun.LongestLabelValue)));
        DatabaseError error = await Fail(Long(QueryRun.LongestLabelValue + 1));
        Assert.Equal(ErrorType.Value, error.Type);
        Assert.StartsWith("column a: ", error.Message);
        Assert.InRange(error.Message.Length, 1, 200);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("'NaN'::float8")]
    public async Task Counter_that_is_negative_or_no_number_is_an_error(string value) => Assert.Equal(
        ErrorType.Value, (await Fail(new Query("m_total", "M", QueryType.Counter, $"SELECT {value} AS v"))).Type);

    [Fact]
    public async Task As_many_series_as_allowed_are_read_and_one_more_drops_all()
    {
        Query Rows(int count) => new("m", "M", QueryType.Gauge, $"SELECT n AS a, 1 AS v FROM generate_series(1, {count}) n") { Labels = ["a"] };

        Assert.Equal(10, (await Run(Rows(10), maxSeries: 10)).Length);
        DatabaseError error = await Fail(Rows(11), maxSeries: 10);
        Assert.Equal(ErrorType.Cardinality, error.Type);
        Assert.Contains("more than 10 series", error.Message);
    }

    [Fact]
    public async Task Query_with_too_many_rows_keeps_none_of_them()
    {
        const int MaxSeries = 100;
        Query Rows(int count) => new("m", "M", QueryType.Gauge, $"SELECT n AS a, 1 AS v FROM generate_series(1, {count}) n") { Labels = ["a"] };

        await Fail(Rows(MaxSeries + 1), MaxSeries);
        long few = await AllocatedBy(Rows(MaxSeries + 1));
        long many = await AllocatedBy(Rows(100_000));
        // 100,000 rows that were kept, or read as text, would need more than 2 MiB.
        Assert.True(many - few < 1 << 20, $"{few} bytes for {MaxSeries + 1} rows, {many} for 100,000");

        async Task<long> AllocatedBy(Query query)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            await Fail(query, MaxSeries);
            return GC.GetTotalAllocatedBytes(precise: true) - before;
        }
    }

    [Fact]
    public async Task Histogram_has_a_row_for_each_bucket_in_any_order()
    {
        Query query = new(
            "h", "H", QueryType.Histogram,
            "SELECT * FROM (VALUES ('a', '+Inf', 7, 12.5), ('a', '0.5', 3, NULL), ('b', '1', 0, 0), ('b', 'Infinity', 0, 0), ('a', '1', 3, 12.5)) AS t (x, le, n, s)")
        { Labels = ["x"], SumField = "s" };
        (ImmutableArray<QuerySample> samples, int series) = await RunFully(query);

        Assert.Equal(9, series);
        Assert.Equal(["a", "b"], samples.Select(sample => Assert.Single(sample.LabelValues)));
        Assert.Equal([(0.5, 3), (1, 3), (double.PositiveInfinity, 7)], samples[0].Buckets);
        Assert.Equal([12.5, 0], samples.Select(sample => sample.Value));
        Assert.Equal(ErrorType.Cardinality, (await Fail(query, maxSeries: 8)).Type);
    }

    [Fact]
    public async Task Histogram_without_a_sum_has_only_buckets()
    {
        (ImmutableArray<QuerySample> samples, int series) = await RunFully(new Query(
            "h", "H", QueryType.Histogram, "SELECT * FROM (VALUES (1::float8, 2), ('Infinity', 3)) AS t (upper, n)")
        { BucketField = "upper", ValueField = "n" });
        Assert.Equal(2, series);
        Assert.Equal(double.NaN, Assert.Single(samples).Value);
    }

    [Theory]
    [InlineData("('1', 1, 1)", ErrorType.Value, "+Inf")]
    [InlineData("('1', 2, 1), ('+Inf', 1, 1)", ErrorType.Value, "the bucket +Inf has less than the one below")]
    [InlineData("('1', 1, 1), ('1.0', 2, 1), ('+Inf', 2, 1)", ErrorType.Duplicate, "le 1.0")]
    [InlineData("('x', 1, 1), ('+Inf', 1, 1)", ErrorType.Value, "column le: ")]
    [InlineData("('NaN', 1, 1), ('+Inf', 1, 1)", ErrorType.Value, "column le: ")]
    [InlineData("(NULL, 1, 1), ('+Inf', 1, 1)", ErrorType.Value, "column le: ")]
    [InlineData("('1', 0.5, 1), ('+Inf', 1, 1)", ErrorType.Value, "column n: 0.5")]
    [InlineData("('1', -1, 1), ('+Inf', 1, 1)", ErrorType.Value, "column n: -1")]
    [InlineData("('1', 1, 1), ('+Inf', 1, 2)", ErrorType.Value, "column s: ")]
    [InlineData("('1', 1, -1), ('+Inf', 1, -1)", ErrorType.Value, "column s: -1")]
    [InlineData("('-1', 1, 1), ('+Inf', 1, 1)", ErrorType.Value, "negative bucket")]
    public async Task Histogram_that_is_none_is_an_error(string rows, object type, string part)
    {
        DatabaseError error = await Fail(new Query(
            "h", "H", QueryType.Histogram, $"SELECT le, n::numeric, s FROM (VALUES {rows}) AS t (le, n, s)")
        { ValueField = "n", SumField = "s" });
        Assert.Equal(type, error.Type);
        Assert.Contains(part, error.Message);
    }

    [Fact]
    public async Task Summary_has_a_row_for_each_quantile()
    {
        (ImmutableArray<QuerySample> samples, int series) = await RunFully(new Query(
            "s", "S", QueryType.Summary, "SELECT * FROM (VALUES (0.5, 12::numeric, 100, 3), (0.99, 'NaN', 100, 3)) AS t (quantile, v, total, n)")
        { ValueField = "v", SumField = "total", CountField = "n" });
        QuerySample sample = Assert.Single(samples);
        Assert.Equal(4, series);
        Assert.Equal([(0.5, 12), (0.99, double.NaN)], sample.Buckets);
        Assert.Equal((100, 3), (sample.Value, sample.Count));
    }

    [Theory]
    [InlineData("(1.5, 1)", "column quantile: 1.5")]
    [InlineData("(0.5, -1)", "column v: -1")]
    public async Task Summary_that_is_none_is_an_error(string rows, string part) => Assert.Contains(
        part, (await Fail(new Query("s", "S", QueryType.Summary, $"SELECT * FROM (VALUES {rows}) AS t (quantile, v)"))).Message);

    private async Task<ImmutableArray<QuerySample>> Run(Query query, int maxSeries = 1000) => (await RunFully(query, maxSeries)).Samples;

    private async Task<(ImmutableArray<QuerySample> Samples, int Series)> RunFully(Query query, int maxSeries = 1000)
    {
        await using Session session = await Session.OpenAsync(
            new DatabaseLogin(server.Postgres.SocketDirectory, server.Postgres.Port, "postgres", "postgres"), Timeout, TestContext.Current.CancellationToken);
        return await QueryRun.RunAsync(session, query, Timeout, maxSeries, TestContext.Current.CancellationToken);
    }

    private async Task<DatabaseError> Fail(Query query, int maxSeries = 1000) =>
        (await Assert.ThrowsAsync<DatabaseException>(() => RunFully(query, maxSeries))).Error;

    /// <summary>One server for all tests of the class.</summary>
    public sealed class Server : IAsyncLifetime
    {
        internal PostgresServer Postgres { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Postgres = await PostgresServer.StartAsync();

        public ValueTask DisposeAsync() => Postgres?.DisposeAsync() ?? default;
    }
}
