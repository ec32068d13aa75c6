namespace Agent.Metrics;

/// <summary>The type of a metric family, see https://prometheus.io/docs/concepts/metric_types/.</summary>
internal enum MetricType
{
    /// <summary>A value that goes up and down.</summary>
    Gauge,
}
