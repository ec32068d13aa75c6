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
            WritePorts(snapshot);
            WriteWatches(snapshot);
        }

        WriteCensus(snapshot);
        return _writer.Written;
    }

    private void WritePorts(Snapshot snapshot)
    {
        _writer.Begin(MetricFamilies.TcpConnections);
        foreach (PortCounts counts in snapshot.Ports)
        {
            _writer.Sample(counts.Ipv4, Label(counts.Port), "ipv4");
            _writer.Sample(counts.Ipv6, Label(counts.Port), "ipv6");
        }

        WriteWhere(MetricFamilies.TcpUnacceptedConnections, snapshot, counts => counts.Unaccepted);
        WriteWhere(MetricFamilies.TcpAcceptQueueLength, snapshot, counts => counts.AcceptQueue?.Length);
        WriteWhere(MetricFamilies.TcpAcceptQueueLimit, snapshot, counts => counts.AcceptQueue?.Limit);
    }

    private void WriteWatches(Snapshot snapshot)
    {
        WriteWhere(MetricFamilies.TcpClients, snapshot, counts => counts.Clients);
        WriteClients(snapshot);
        WriteWhere(MetricFamilies.TcpClientConnectionsMax, snapshot, counts => counts.Highest);
        WriteWhere(MetricFamilies.TcpClientConnectionsPeak, snapshot, counts => counts.Peak);
        WriteWhere(MetricFamilies.TcpClientConnectionsLimit, snapshot, counts => counts.Watch.Limit);
    }

    private void WriteClients(Snapshot snapshot)
    {
        bool begun = false;
        foreach (WatchCounts counts in snapshot.Watches)
        {
            foreach (ClientCount client in counts.Shown)
            {
                BeginOnce(MetricFamilies.TcpClientConnections, ref begun);
                _writer.Sample(client.Held, counts.Watch.Name, client.Address.ToString());
            }
        }
    }

    /// <summary>Writes a family with a sample for each port that has a value; none without any, for a family is not announced in vain.</summary>
    private void WriteWhere(MetricFamily family, Snapshot snapshot, Func<PortCounts, long?> valueOf)
    {
        bool begun = false;
        foreach (PortCounts counts in snapshot.Ports)
        {
            if (valueOf(counts) is { } value)
            {
                BeginOnce(family, ref begun);
                _writer.Sample(value, Label(counts.Port));
            }
        }
    }

    /// <summary>The same for each watch.</summary>
    private void WriteWhere(MetricFamily family, Snapshot snapshot, Func<WatchCounts, long?> valueOf)
    {
        bool begun = false;
        foreach (WatchCounts counts in snapshot.Watches)
        {
            if (valueOf(counts) is { } value)
            {
                BeginOnce(family, ref begun);
                _writer.Sample(value, counts.Watch.Name);
            }
        }
    }

    private void BeginOnce(MetricFamily family, ref bool begun)
    {
        if (!begun)
        {
            _writer.Begin(family);
            begun = true;
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
