namespace Agent.Metrics;

/// <summary>Name, type, help and labels of one metric.</summary>
/// <param name="Name">The name with the unit; the name of a counter ends in <c>_total</c>.</param>
/// <param name="Type">Its type.</param>
/// <param name="Help">One sentence without backslash, quote and line break: prometheus-net does not escape it.</param>
/// <param name="LabelNames">The labels of each sample, in this order.</param>
internal sealed record MetricFamily(string Name, MetricType Type, string Help, params string[] LabelNames)
{
    /// <summary>The upper bounds of a histogram's buckets, in rising order, without +Inf.</summary>
    internal double[] Buckets { get; init; } = [];

    /// <summary>Whether a counter may fall, which is a reset; otherwise a lower value does not change it.</summary>
    internal bool CanFall { get; init; }
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
