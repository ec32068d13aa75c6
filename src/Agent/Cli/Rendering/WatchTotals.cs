using Agent.Watching;

namespace Agent.Cli.Rendering;

/// <summary>The counts of all ports and unix sockets of a watch together, the same in every format.</summary>
/// <param name="Ipv4">ESTABLISHED connections from IPv4 peers.</param>
/// <param name="Ipv6">ESTABLISHED connections from IPv6 peers.</param>
/// <param name="Unaccepted">The part of both that no process has accepted yet.</param>
/// <param name="AcceptQueue">The queues of the listening sockets; null if none listens.</param>
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

        return UnixSocketCounts.SumOfQueues(found.UnixSockets.Where(socket => watch.UnixSockets.Contains(socket.Path))) is { } unix
            ? totals with { AcceptQueue = unix + totals.AcceptQueue.GetValueOrDefault() }
            : totals;
    }

    /// <summary>The percentage of the limit, rounded down: 100 means that the limit is reached.</summary>
    internal static long PercentOf(long held, long limit) => held * 100 / limit;
}
