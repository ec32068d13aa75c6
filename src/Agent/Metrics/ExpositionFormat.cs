namespace Agent.Metrics;

/// <summary>A form of metrics that Prometheus reads.</summary>
internal enum ExpositionFormat
{
    /// <summary>Text format 0.0.4.</summary>
    Text,

    /// <summary>OpenMetrics 1.0.0.</summary>
    OpenMetrics,
}
