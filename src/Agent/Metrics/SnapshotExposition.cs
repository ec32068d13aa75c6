using System.Globalization;
using Agent.Watching;

namespace Agent.Metrics;

/// <summary>
/// Turns a snapshot into metrics. Pure: the same snapshot gives the same text. What belongs to another network namespace than the main one
/// carries its name in the label <c>netns</c>.
/// </summary>
internal sealed class SnapshotExposition(BuildInformation build)
{
    private readonly TextFormatWriter _writer = new();
    private readonly Dictionary<ushort, string> _portLabels = [];

    /// <summary>Renders a snapshot.</summary>
    /// <returns>The exposition in text format; valid until the next call.</returns>
    internal ReadOnlyMemory<byte> Render(Snapshot snapshot)
    {
        _writer.Clear();
        WritePorts(snapshot);
        WriteWatches(snapshot);
        WriteCensuses(snapshot);
        _writer.Begin(MetricFamilies.BuildInfo);
        _writer.Sample(1, build.Version, build.Revision);
        return _writer.Written;
    }

    private void WritePorts(Snapshot snapshot)
    {
        bool begun = false;
        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            foreach (PortCounts counts in found.Ports)
            {
                BeginOnce(MetricFamilies.TcpConnections, ref begun);
                _writer.SampleIn(found.Netns, counts.Ipv4, Label(counts.Port), "ipv4");
                _writer.SampleIn(found.Netns, counts.Ipv6, Label(counts.Port), "ipv6");
            }
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
        WriteWhere(MetricFamilies.TcpClientConnectionsLimit, snapshot, counts => counts.Limit.Value);
    }

    private void WriteClients(Snapshot snapshot)
    {
        bool begun = false;
        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            foreach (WatchCounts counts in found.Watches)
            {
                foreach (ClientCount client in counts.Shown)
                {
                    BeginOnce(MetricFamilies.TcpClientConnections, ref begun);
                    _writer.SampleIn(found.Netns, client.Held, counts.Watch.Name, client.Address.ToString());
                }
            }
        }
    }

    private void WriteCensuses(Snapshot snapshot)
    {
        WriteWhere(MetricFamilies.CensusSuccess, snapshot, (NamespaceCounts found) => found.Succeeded ? 1 : 0);
        WriteWhere(MetricFamilies.CensusLastDuration, snapshot, (NamespaceCounts found) => found.Duration?.TotalSeconds);
        WriteWhere(
            MetricFamilies.CensusLastSuccess, snapshot, (NamespaceCounts found) => found.LastSuccess?.ToUnixTimeMilliseconds() / 1000.0);
    }

    /// <summary>Writes a family with a sample for each port that has a value; none without any, for a family is not announced in vain.</summary>
    private void WriteWhere(MetricFamily family, Snapshot snapshot, Func<PortCounts, long?> valueOf)
    {
        bool begun = false;
        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            foreach (PortCounts counts in found.Ports)
            {
                if (valueOf(counts) is { } value)
                {
                    BeginOnce(family, ref begun);
                    _writer.SampleIn(found.Netns, value, Label(counts.Port));
                }
            }
        }
    }

    /// <summary>The same for each watch.</summary>
    private void WriteWhere(MetricFamily family, Snapshot snapshot, Func<WatchCounts, long?> valueOf)
    {
        bool begun = false;
        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            foreach (WatchCounts counts in found.Watches)
            {
                if (valueOf(counts) is { } value)
                {
                    BeginOnce(family, ref begun);
                    _writer.SampleIn(found.Netns, value, counts.Watch.Name);
                }
            }
        }
    }

    /// <summary>The same for each network namespace.</summary>
    private void WriteWhere(MetricFamily family, Snapshot snapshot, Func<NamespaceCounts, double?> valueOf)
    {
        bool begun = false;
        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            if (valueOf(found) is { } value)
            {
                BeginOnce(family, ref begun);
                _writer.SampleIn(found.Netns, value);
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
