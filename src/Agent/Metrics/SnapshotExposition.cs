using System.Globalization;
using Agent.Watching;

namespace Agent.Metrics;

/// <summary>Turns a snapshot into metrics. Pure: the same snapshot gives the same text.</summary>
internal sealed class SnapshotExposition(BuildInformation build)
{
    private readonly TextFormatWriter _writer = new();
    private readonly Dictionary<ushort, string> _portLabels = [];

    /// <summary>Renders a snapshot.</summary>
    /// <returns>The exposition in text format; valid until the next call.</returns>
    internal ReadOnlyMemory<byte> Render(Snapshot snapshot)
    {
        _writer.Clear();
        if (snapshot.Succeeded)
        {
            WriteConnections(snapshot);
        }

        WriteCensus(snapshot);
        return _writer.Written;
    }

    private void WriteConnections(Snapshot snapshot)
    {
        _writer.Begin(MetricFamilies.TcpConnections);
        foreach (PortCounts counts in snapshot.Ports)
        {
            _writer.Sample(counts.Ipv4, Label(counts.Port), "ipv4");
            _writer.Sample(counts.Ipv6, Label(counts.Port), "ipv6");
        }

        _writer.Begin(MetricFamilies.TcpUnacceptedConnections);
        foreach (PortCounts counts in snapshot.Ports)
        {
            _writer.Sample(counts.Unaccepted, Label(counts.Port));
        }

        if (!snapshot.Ports.Any(counts => counts.AcceptQueue.HasValue))
        {
            return;
        }

        _writer.Begin(MetricFamilies.TcpAcceptQueueLength);
        foreach (PortCounts counts in snapshot.Ports)
        {
            if (counts.AcceptQueue is { } queue)
            {
                _writer.Sample(queue.Length, Label(counts.Port));
            }
        }

        _writer.Begin(MetricFamilies.TcpAcceptQueueLimit);
        foreach (PortCounts counts in snapshot.Ports)
        {
            if (counts.AcceptQueue is { } queue)
            {
                _writer.Sample(queue.Limit, Label(counts.Port));
            }
        }
    }

    private void WriteCensus(Snapshot snapshot)
    {
        _writer.Begin(MetricFamilies.CensusSuccess);
        _writer.Sample(snapshot.Succeeded ? 1 : 0);

        _writer.Begin(MetricFamilies.CensusLastDuration);
        _writer.Sample(snapshot.Duration.TotalSeconds);

        if (snapshot.LastSuccess is { } lastSuccess)
        {
            _writer.Begin(MetricFamilies.CensusLastSuccess);
            _writer.Sample(lastSuccess.ToUnixTimeMilliseconds() / 1000.0);
        }

        _writer.Begin(MetricFamilies.BuildInfo);
        _writer.Sample(1, build.Version, build.Revision);
    }

    /// <summary>The port as text, made once.</summary>
    private string Label(ushort port)
    {
        if (!_portLabels.TryGetValue(port, out string? label))
        {
            _portLabels[port] = label = port.ToString(CultureInfo.InvariantCulture);
        }

        return label;
    }
}
