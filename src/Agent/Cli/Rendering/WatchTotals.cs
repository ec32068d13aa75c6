using Agent.Watching;

namespace Agent.Cli.Rendering;

/// <summary>What a census found on all ports of a watch together.</summary>
/// <param name="Ipv4">ESTABLISHED connections whose peer speaks IPv4.</param>
/// <param name="Ipv6">ESTABLISHED connections whose peer speaks IPv6.</param>
/// <param name="Unaccepted">Those of both that no process has accepted yet.</param>
/// <param name="AcceptQueue">Of the sockets that listen on the ports; null where none does.</param>
internal readonly record struct WatchTotals(long Ipv4, long Ipv6, long Unaccepted, AcceptQueue? AcceptQueue)
{
    internal static WatchTotals Of(Watch watch, NamespaceCounts found)
    {
        WatchTotals totals = default;
        foreach (PortCounts port in found.Ports)
        {
            if (watch.Ports.Contains(port.Port))
            {
                totals = new WatchTotals(
                    totals.Ipv4 + port.Ipv4,
                    totals.Ipv6 + port.Ipv6,
                    totals.Unaccepted + port.Unaccepted,
                    port.AcceptQueue is { } queue ? queue + totals.AcceptQueue.GetValueOrDefault() : totals.AcceptQueue);
            }
        }

        return totals;
    }
}
