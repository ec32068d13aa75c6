namespace Agent.Metrics;

/// <summary>The type of a metric family, see https://prometheus.io/docs/concepts/metric_types/.</summary>
internal enum MetricType
{
    /// <summary>A value that goes up and down.</summary>
    Gauge,

    /// <summary>A value that only grows, from 0 at the agent's start; its family's name ends in <c>_total</c>.</summary>
    Counter,

    /// <summary>Observations, counted in buckets.</summary>
    Histogram,
}
