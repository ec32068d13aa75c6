using System.Collections.Immutable;
using Agent.Readings;
using Npgsql;

namespace Agent.Postgres;

/// <summary>Runs custom queries.</summary>
internal static class QueryRun
{
    /// <summary>How many characters a label's value may have.</summary>
    internal const int LongestLabelValue = 1024;

    private const int LongestInMessage = 100;

    /// <summary>Runs a query once.</summary>
    /// <param name="session">The connection.</param>
    /// <param name="query">The query.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="maxSeries">How many series it may produce; with one more, the whole result is dropped.</param>
    /// <param name="stopping">Ends it earlier.</param>
    /// <returns>The samples, and the number of their series.</returns>
    /// <exception cref="DatabaseException">The query failed, or its result is not what the configuration says.</exception>
    internal static Task<(ImmutableArray<QuerySample> Samples, int Series)> RunAsync(
        Session session, Query query, TimeSpan timeout, int maxSeries, CancellationToken stopping) =>
        session.ReadAsync(query.Sql, timeout, reader => CollectAsync(reader, query, maxSeries, stopping), stopping);

    private static async Task<(ImmutableArray<QuerySample> Samples, int Series)> CollectAsync(
        NpgsqlDataReader reader, Query query, int maxSeries, CancellationToken stopping)
    {
        QueryColumns columns = QueryColumns.Of(
            query, [.. Enumerable.Range(0, reader.FieldCount).Select(i => new Column(reader.GetName(i), reader.GetDataTypeOID(i)))]);
        SampleCollection samples = new(query, columns);
        while (await reader.ReadAsync(stopping))
        {
            samples.Add(reader);
            if (samples.Series > maxSeries)
            {
                throw new DatabaseException(new DatabaseError(
                    ErrorType.Cardinality,
                    $"more than {maxSeries} series: aggregate more in the query, add a LIMIT, or raise maxSeries of the query and of the database"));
            }
        }

        return (samples.ToSamples(), samples.Series);
    }

    /// <summary>The samples of the rows that were read.</summary>
    private sealed class SampleCollection(Query query, QueryColumns columns)
    {
        private readonly Dictionary<string, Distribution> _distributions = [];
        private readonly HashSet<string> _labels = [];
        private readonly ImmutableArray<QuerySample>.Builder _samples = ImmutableArray.CreateBuilder<QuerySample>();

        /// <summary>How many series the samples have so far.</summary>
        internal int Series { get; private set; }

        internal void Add(NpgsqlDataReader row)
        {
            if (Number(row, columns.Value) is not { } value)
            {
                return;
            }

            ImmutableArray<string> labels = [.. columns.Labels.Select(column => Label(row, column))];
            // PostgreSQL's texts have no NUL, so that different labels have different keys.
            string key = string.Join('\0', labels);
            if (columns.Bucket is { } bucket)
            {
                AddToDistribution(key, labels, row, bucket, value);
                return;
            }

            if (query.Type == QueryType.Counter && !(value >= 0))
            {
                throw Wrong(columns.Value, $"{value} is no value of a counter, which counts up from 0: change the query, or make it a gauge");
            }

            if (!_labels.Add(key))
            {
                throw Duplicate(labels, "");
            }

            _samples.Add(new QuerySample(labels, value));
            Series++;
        }

        internal ImmutableArray<QuerySample> ToSamples()
        {
            foreach (Distribution distribution in _distributions.Values)
            {
                _samples.Add(ToSample(distribution));
            }

            return _samples.ToImmutable();
        }

        private void AddToDistribution(string key, ImmutableArray<string> labels, NpgsqlDataReader row, QueryColumn column, double value)
        {
            if (Text(row, column) is not { } text || QueryValue.Bound(text) is not { } bound || double.IsNaN(bound))
            {
                throw Wrong(column, "it has a value that is no number and not +Inf: change the query");
            }

            if (query.Type == QueryType.Histogram ? !IsCount(value) : value < 0)
            {
                throw Wrong(columns.Value, query.Type == QueryType.Histogram
                    ? $"{value} is no number of observations: a bucket has a whole number from 0"
                    : $"{value} is no value of a quantile, which is never negative: change the query");
            }

            if (query.Type == QueryType.Summary && bound is < 0 or > 1)
            {
                throw Wrong(column, $"{bound} is no quantile: it must be between 0 and 1");
            }

            if (!_distributions.TryGetValue(key, out Distribution? distribution))
            {
                _distributions.Add(key, distribution = new Distribution(labels));
            }

            if (!distribution.Buckets.TryAdd(bound, value))
            {
                throw Duplicate(labels, $", {column.Name} {Shown(text)}");
            }

            int before = SeriesBesideBuckets(distribution);
            distribution.Sum = Same(row, columns.Sum, distribution.Sum, value => value >= 0);
            distribution.Count = Same(row, columns.Count, distribution.Count, IsCount);
            Series += SeriesBesideBuckets(distribution) - before + 1;
        }

        /// <summary>The sum or the count of a distribution, which may be in one of its rows or in each.</summary>
        private static double? Same(NpgsqlDataReader row, QueryColumn? column, double? former, Predicate<double> isValid)
        {
            if (column is null || Number(row, column.Value) is not { } value)
            {
                return former;
            }

            if (!isValid(value))
            {
                throw Wrong(column.Value, $"{value} is no sum or count of observations, which is never negative: change the query");
            }

            return former is null || former == value
                ? value
                : throw Wrong(
                    column.Value, "it has different values in rows with the same labels: all of them must have the same value, or all but one NULL");
        }

        private QuerySample ToSample(Distribution distribution)
        {
            if (query.Type == QueryType.Histogram)
            {
                Verify(distribution);
            }

            return new QuerySample(distribution.Labels, distribution.Sum ?? double.NaN)
            {
                Buckets = [.. distribution.Buckets.Select(bucket => (bucket.Key, bucket.Value))],
                Count = query.Type == QueryType.Summary ? distribution.Count : null,
            };
        }

        private void Verify(Distribution histogram)
        {
            QueryColumn bound = columns.Bucket.GetValueOrDefault();
            double before = 0;
            foreach ((double upper, double count) in histogram.Buckets)
            {
                if (count < before)
                {
                    throw Wrong(columns.Value, $"the bucket {(double.IsInfinity(upper) ? "+Inf" : $"{upper}")} has less than the one below: each bucket must contain all below it");
                }

                before = count;
            }

            if (!histogram.Buckets.ContainsKey(double.PositiveInfinity))
            {
                throw Wrong(bound, $"no row has the bucket +Inf{Described(histogram.Labels)}: add one with the number of all observations");
            }

            if (histogram.Sum is not null && histogram.Buckets.Keys[0] < 0)
            {
                throw Wrong(bound, "a histogram with a negative bucket has no sum: remove sumField");
            }
        }

        /// <summary>The sum and the count; OpenMetrics allows a histogram both or none of them.</summary>
        private int SeriesBesideBuckets(Distribution distribution) => query.Type == QueryType.Histogram
            ? distribution.Sum is null ? 0 : 2
            : (distribution.Sum is null ? 0 : 1) + (distribution.Count is null ? 0 : 1);

        private static bool IsCount(double value) => value >= 0 && Math.Floor(value) == value && double.IsFinite(value);

        private DatabaseException Duplicate(ImmutableArray<string> labels, string bucket) => new(new DatabaseError(
            ErrorType.Duplicate,
            $"two rows have the same labels{Described(labels)}{bucket}: group the rows in the query, or add a label that distinguishes them"));

        private string Described(ImmutableArray<string> labels) => labels.IsEmpty
            ? ""
            : $" {{{Shown(string.Join(',', query.Labels.Zip(labels, (name, value) => $"{name}=\"{value}\"")))}}}";
    }

    /// <summary>A histogram or a summary.</summary>
    private sealed class Distribution(ImmutableArray<string> labels)
    {
        internal ImmutableArray<string> Labels => labels;

        internal SortedList<double, double> Buckets { get; } = [];

        internal double? Sum { get; set; }

        internal double? Count { get; set; }
    }

    private static string Label(NpgsqlDataReader row, QueryColumn column)
    {
        string value = Text(row, column) ?? "";
        return value.Length <= LongestLabelValue
            ? value
            : throw Wrong(
                column, $"a label's value has at most {LongestLabelValue} characters, and this one has {value.Length}: shorten it, left({column.Name}, 100)");
    }

    private static double? Number(NpgsqlDataReader row, QueryColumn column) =>
        Text(row, column) is not { } text ? null
        : QueryValue.Parse(text, column.Type) is { } number ? number
        : throw Wrong(column, $"{Shown(text)} is not a value that a metric can have: {QueryValue.Advice(column.Type, column.Name)}");

    /// <summary>The text of a value; null for NULL.</summary>
    private static string? Text(NpgsqlDataReader row, QueryColumn column) => row.IsDBNull(column.Ordinal) ? null : row.GetString(column.Ordinal);

    private static string Shown(string text) => OneLine.Of(text.Length <= LongestInMessage ? text : text[..LongestInMessage] + "…");

    private static DatabaseException Wrong(QueryColumn column, string message) => QueryColumns.Wrong($"column {column.Name}: {message}");
}
