using System.Globalization;
using Agent.Watching;

namespace Agent.Metrics;

/// <summary>
/// Sets the metrics of a snapshot. Samples of another network namespace than the main one have its name in the label <c>netns</c>.
/// </summary>
internal sealed class ConnectionMetrics(MetricRegistry registry, BuildInformation build)
{
    private readonly Dictionary<ushort, string> _portLabels = [];

    internal void Set(Snapshot snapshot)
    {
        foreach (NamespaceCounts found in snapshot.Namespaces)
        {
            SetCensus(found);
            SetDeadAge(found);
            foreach (PortCounts counts in found.Ports)
            {
                SetPort(found.Netns, counts);
            }

            foreach (UnixSocketCounts counts in found.UnixSockets)
            {
                SetAcceptQueue(found.Netns, counts.Path, counts.AcceptQueue);
            }

            foreach (WatchCounts counts in found.Watches)
            {
                SetWatch(found.Netns, counts);
            }
        }

        registry.Set(MetricFamilies.BuildInfo, 1, build.Version, build.Revision);
    }

    private void SetCensus(NamespaceCounts found)
    {
        registry.SetIn(MetricFamilies.CensusSuccess, found.Netns, found.Succeeded ? 1 : 0);
        if (found.Duration is { } duration)
        {
            registry.SetIn(MetricFamilies.CensusLastDuration, found.Netns, duration.TotalSeconds);
        }

        if (found.LastSuccess is { } success)
        {
            registry.SetIn(MetricFamilies.CensusLastSuccess, found.Netns, success.ToUnixTimeMilliseconds() / 1000.0);
        }
    }

    private void SetDeadAge(NamespaceCounts found)
    {
        foreach (PortCounts counts in found.Ports)
        {
            if (counts.Dead is not null)
            {
                registry.SetIn(MetricFamilies.TcpDeadConnectionsAge, found.Netns, found.DeadAge?.TotalSeconds ?? 0);
                return;
            }
        }
    }

    private void SetPort(string? netns, PortCounts counts)
    {
        string port = LabelOf(counts.Port);
        registry.SetIn(MetricFamilies.TcpConnections, netns, counts.Ipv4, port, "ipv4");
        registry.SetIn(MetricFamilies.TcpConnections, netns, counts.Ipv6, port, "ipv6");
        registry.SetIn(MetricFamilies.TcpUnacceptedConnections, netns, counts.Unaccepted, port);
        if (counts.Dead is { } dead)
        {
            registry.SetIn(MetricFamilies.TcpDeadConnections, netns, dead, port);
        }

        SetAcceptQueue(netns, port, counts.AcceptQueue);
        if (counts.Drops is { } drops)
        {
            registry.SetIn(MetricFamilies.TcpListenDrops, netns, drops, port);
        }
    }

    /// <param name="netns">The network namespace; null for the main one.</param>
    /// <param name="port">A port, or the path of a unix socket.</param>
    /// <param name="acceptQueue">Its accept queue; null where nothing listens.</param>
    private void SetAcceptQueue(string? netns, string port, AcceptQueue? acceptQueue)
    {
        if (acceptQueue is { } queue)
        {
            registry.SetIn(MetricFamilies.TcpAcceptQueueLength, netns, queue.Length, port);
            registry.SetIn(MetricFamilies.TcpAcceptQueueLimit, netns, queue.Limit, port);
        }
    }

    private void SetWatch(string? netns, WatchCounts counts)
    {
        string watch = counts.Watch.Name;
        registry.SetIn(MetricFamilies.TcpHeldConnections, netns, counts.Held, watch);
        if (counts.Watch.TotalLimit is { } total)
        {
            registry.SetIn(MetricFamilies.TcpHeldConnectionsLimit, netns, total.Value, watch);
        }

        registry.SetIn(MetricFamilies.TcpClients, netns, counts.Clients, watch);
        foreach (ClientCount client in counts.Shown)
        {
            registry.SetIn(MetricFamilies.TcpClientConnections, netns, client.Held, watch, client.Client.ToString());
        }

        registry.SetIn(MetricFamilies.TcpClientConnectionsMax, netns, counts.Highest, watch);
        if (counts.Peak is { } peak)
        {
            registry.SetIn(MetricFamilies.TcpClientConnectionsPeak, netns, peak, watch);
        }

        if (counts.Limit.Value is { } limit)
        {
            registry.SetIn(MetricFamilies.TcpClientConnectionsLimit, netns, limit, watch);
        }

        if (counts.Limit.IsRefused is { } isRefused)
        {
            registry.SetIn(MetricFamilies.TcpLimitRefused, netns, isRefused ? 1 : 0, watch);
        }

        if (counts.OpenFiles is { } files)
        {
            registry.SetIn(MetricFamilies.TcpServerOpenFiles, netns, files.Open, watch);
            registry.SetIn(MetricFamilies.TcpServerOpenFilesLimit, netns, files.Limit, watch);
        }
    }

    /// <summary>The port as text, from a cache.</summary>
    private string LabelOf(ushort port)
    {
        if (!_portLabels.TryGetValue(port, out string? label))
        {
            _portLabels[port] = label = port.ToString(CultureInfo.InvariantCulture);
        }

        return label;
    }
}
