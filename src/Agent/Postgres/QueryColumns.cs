using System.Collections.Immutable;

namespace Agent.Postgres;

/// <summary>The columns of a custom query's result, by their use.</summary>
internal sealed class QueryColumns
{
    private const string DefaultBucket = "le";
    private const string DefaultQuantile = "quantile";

    private readonly ImmutableArray<Column> _columns;

    private QueryColumns(Query query, ImmutableArray<Column> columns)
    {
        _columns = columns;
        Labels = [.. query.Labels.Select(label => Find(label, "the label", "labels"))];
        Bucket = query.Type switch
        {
            QueryType.Histogram => Find(query.BucketField ?? DefaultBucket, "the bucket's upper bound", "bucketField"),
            QueryType.Summary => Find(query.BucketField ?? DefaultQuantile, "the quantile", "bucketField"),
            _ => null,
        };
        Sum = Bucket is not null && query.SumField is { } sum ? FindNumber(sum, "sumField") : null;
        Count = query.Type == QueryType.Summary && query.CountField is { } count ? FindNumber(count, "countField") : null;
        Value = query.ValueField is { } value ? FindNumber(value, "valueField") : FindOnlyOther();
    }

    /// <summary>The columns of the labels, in the order of the configuration.</summary>
    internal ImmutableArray<QueryColumn> Labels { get; }

    /// <summary>The column with the value.</summary>
    internal QueryColumn Value { get; }

    /// <summary>The column with a bucket's upper bound or with the quantile; null for a gauge and a counter.</summary>
    internal QueryColumn? Bucket { get; }

    /// <summary>The column with the sum; null for none.</summary>
    internal QueryColumn? Sum { get; }

    /// <summary>The column with the number of observations; null for none.</summary>
    internal QueryColumn? Count { get; }

    /// <summary>Compares the columns of a result with the configuration.</summary>
    /// <param name="query">The query.</param>
    /// <param name="columns">The columns of the result.</param>
    /// <exception cref="DatabaseException">A column is missing or ambiguous, or its type is none of a number.</exception>
    internal static QueryColumns Of(Query query, ImmutableArray<Column> columns) => new(query, columns);

    internal static DatabaseException Wrong(string message) => new(new DatabaseError(ErrorType.Value, message));

    private QueryColumn FindNumber(string name, string key) => Number(Find(name, key, key));

    private QueryColumn Find(string name, string use, string key)
    {
        QueryColumn? found = null;
        for (int i = 0; i < _columns.Length; i++)
        {
            if (_columns[i].Name == name)
            {
                found = found is null
                    ? new QueryColumn(i, name, _columns[i].Type)
                    : throw Wrong($"column {name}: the result has it twice; rename one with AS in the query");
            }
        }

        return found ?? throw Wrong(
            $"column {name}: the result has no such column for {use}, only {Names(_columns.Select(column => column.Name))}; add it to the query, or correct {key}");
    }

    private QueryColumn FindOnlyOther()
    {
        QueryColumn?[] used = [.. Labels.Select(label => (QueryColumn?)label), Bucket, Sum, Count];
        QueryColumn[] others =
        [
            .. _columns.Select((column, i) => new QueryColumn(i, column.Name, column.Type)).Where(column => !used.Contains(column)),
        ];
        return others switch
        {
            [var only] => Number(only),
            [] when _columns.IsEmpty => throw Wrong("the statement returns no columns; give one SELECT statement"),
            [] => throw Wrong($"no column for the value: the result has only {Names(_columns.Select(column => column.Name))}; add the value to the query"),
            _ => throw Wrong($"several columns can be the value: {Names(others.Select(column => column.Name))}; name one with valueField, or make the others labels"),
        };
    }

    private static QueryColumn Number(QueryColumn column) => QueryValue.IsNumber(column.Type)
        ? column
        : throw Wrong($"column {column.Name}: its type {QueryValue.NameOf(column.Type)} is no number: {QueryValue.Advice(column.Type, column.Name)}");

    private static string Names(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } all ? all : "no column";
}

/// <summary>A column of a result.</summary>
/// <param name="Ordinal">Its position, from 0.</param>
/// <param name="Name">Its name.</param>
/// <param name="Type">The OID of its type.</param>
internal readonly record struct QueryColumn(int Ordinal, string Name, uint Type);
