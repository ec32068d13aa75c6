using System.Collections.Immutable;

namespace Agent.Postgres;

/// <summary>A custom query, whose rows become the samples of one metric.</summary>
/// <param name="Name">The name of the metric.</param>
/// <param name="Help">Its help text, without backslash and line break.</param>
/// <param name="Type">Its type.</param>
/// <param name="Sql">One SELECT statement.</param>
internal sealed record Query(string Name, string Help, QueryType Type, string Sql)
{
    internal const int DefaultMaxSeries = 1000;

    /// <summary>The columns that become labels, in this order. The label <c>db</c> is added.</summary>
    public ImmutableArray<string> Labels { get; init; } = [];

    /// <summary>
    /// The column with the value; null for the only column that is no label. For a histogram the cumulative count of the bucket, for a summary
    /// the value of the quantile.
    /// </summary>
    public string? ValueField { get; init; }

    /// <summary>The column with the upper bound of a histogram's bucket, <c>le</c> by default; the quantile of a summary, <c>quantile</c> by default.</summary>
    public string? BucketField { get; init; }

    /// <summary>The column with the sum of a histogram's or summary's observations; null for none.</summary>
    public string? SumField { get; init; }

    /// <summary>The column with the number of a summary's observations; null for none. Histograms take it from the bucket +Inf.</summary>
    public string? CountField { get; init; }

    /// <summary>The time from one run to the next; null for that of the database.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>How long it may take; null for the timeout of the database.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How many series it may produce on one database.</summary>
    public int MaxSeries { get; init; } = DefaultMaxSeries;
}

/// <summary>The metric type of a custom query.</summary>
internal enum QueryType
{
    /// <summary>A value that goes up and down.</summary>
    Gauge,

    /// <summary>A value that only grows, as the database has it.</summary>
    Counter,

    /// <summary>A row for each bucket, cumulative.</summary>
    Histogram,

    /// <summary>A row for each quantile.</summary>
    Summary,
}
