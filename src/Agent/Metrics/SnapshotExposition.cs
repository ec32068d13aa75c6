using System.Globalization;
using Agent.Watching;

namespace Agent.Metrics;

/// <summary>
/// Turns a snapshot into metrics. Pure: the same snapshot gives the same text. What belongs to another network namespace than the main one
/// carries its name in the label <c>netns</c>.
/// </summary>
internal sealed class SnapshotExposition(BuildInformation build, ExpositionWriter writer)
{
    private readonly Dictionary<ushort, string> _portLabels = [];

    /// <summary>An exposition in text format.</summary>
    internal SnapshotExposition(BuildInformation build)
        : this(build, new ExpositionWriter(ExpositionFormat.Text))
    {
    }

    /// <summary>Renders a snapshot, and nothing besides.</summary>
    /// <returns>The whole exposition; valid until the next call.</returns>
    internal ReadOnlyMemory<byte> Render(Snapshot snapshot)
    {
        writer.Clear();
        Write(snapshot);
        writer.End();
        return writer.Written;
    }

    /// <summary>Writes a snapshot; more may follow.</summary>
    internal void Write(Snapshot snapshot)
    {
        WritePorts(snapshot);
        WriteWatches(snapshot);
        WriteCensuses(snapshot);
        writer.Begin(MetricFamilies.BuildInfo);
        writer.Sample(1, build.Version, build.Revision);
    }

    private void WritePorts(Snapshot snapshot)
    {
        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            foreach (PortCounts counts in found.Ports)
            {
                writer.Begin(MetricFamilies.TcpConnections);
                writer.SampleIn(found.Netns, counts.Ipv4, Label(counts.Port), "ipv4");
                writer.SampleIn(found.Netns, counts.Ipv6, Label(counts.Port), "ipv6");
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
        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            foreach (WatchCounts counts in found.Watches)
            {
                foreach (ClientCount client in counts.Shown)
                {
                    writer.Begin(MetricFamilies.TcpClientConnections);
                    writer.SampleIn(found.Netns, client.Held, counts.Watch.Name, client.Address.ToString());
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
        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            foreach (PortCounts counts in found.Ports)
            {
                if (valueOf(counts) is { } value)
                {
                    writer.Begin(family);
                    writer.SampleIn(found.Netns, value, Label(counts.Port));
                }
            }
        }
    }

    /// <summary>The same for each watch.</summary>
    private void WriteWhere(MetricFamily family, Snapshot snapshot, Func<WatchCounts, long?> valueOf)
    {
        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            foreach (WatchCounts counts in found.Watches)
            {
                if (valueOf(counts) is { } value)
                {
                    writer.Begin(family);
                    writer.SampleIn(found.Netns, value, counts.Watch.Name);
                }
            }
        }
    }

    /// <summary>The same for each network namespace.</summary>
    private void WriteWhere(MetricFamily family, Snapshot snapshot, Func<NamespaceCounts, double?> valueOf)
    {
        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            if (valueOf(found) is { } value)
            {
                writer.Begin(family);
                writer.SampleIn(found.Netns, value);
            }
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
