namespace Agent.Metrics;

/// <summary>What is said once for all samples of one metric name.</summary>
/// <param name="Name">The name, with its unit; that of a counter ends in <c>_total</c>.</param>
/// <param name="Type">Its type.</param>
/// <param name="Help">One sentence, without a backslash, a quote or the end of a line: prometheus-net writes it as it is.</param>
/// <param name="LabelNames">The labels of each of its samples, in this order.</param>
internal sealed record MetricFamily(string Name, MetricType Type, string Help, params string[] LabelNames)
{
    /// <summary>Of a histogram: the upper bounds of its buckets, in rising order and without the last one, which has none.</summary>
    internal double[] Buckets { get; init; } = [];
}

/// <summary>The type of a metric family, see https://prometheus.io/docs/concepts/metric_types/.</summary>
internal enum MetricType
{
    /// <summary>A value that goes up and down.</summary>
    Gauge,

    /// <summary>A value that only grows, from 0 at the agent's start.</summary>
    Counter,

    /// <summary>Observations, counted in buckets.</summary>
    Histogram,
}
