using Agent.Watching;
using Prometheus;

namespace Agent.Metrics;

/// <summary>Renders a snapshot in the text format: the textfile, and <c>--output prom</c>.</summary>
internal sealed class SnapshotExposition
{
    private readonly MetricRegistry _registry = new(MetricFamilies.All);
    private readonly PostgresMetrics _databases = new();
    private readonly ConnectionMetrics _connections;

    internal SnapshotExposition(BuildInformation build) => _connections = new ConnectionMetrics(_registry, build);

    /// <summary>Renders a snapshot. For one thread at a time.</summary>
    /// <returns>The whole exposition; the bytes are not changed afterwards.</returns>
    internal ReadOnlyMemory<byte> Render(Snapshot snapshot)
    {
        _registry.BeginUpdate();
        _connections.Set(snapshot);
        return _registry.Export(
            ExpositionFormat.PrometheusText, (exposition, format) => _databases.AppendTo(exposition, snapshot.View, format));
    }
}
