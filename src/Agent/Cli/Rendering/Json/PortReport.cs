using Agent.Watching;

namespace Agent.Cli.Rendering.Json;

/// <summary>A local port.</summary>
/// <param name="Port">Its number.</param>
/// <param name="Ipv4">ESTABLISHED connections whose peer speaks IPv4.</param>
/// <param name="Ipv6">ESTABLISHED connections whose peer speaks IPv6.</param>
/// <param name="Unaccepted">Those of both that no process has accepted yet.</param>
/// <param name="AcceptQueue">Null where nothing listens.</param>
internal sealed record PortReport(int Port, long Ipv4, long Ipv6, long Unaccepted, QueueReport? AcceptQueue)
{
    internal static PortReport Of(PortCounts counts) =>
        new(counts.Port, counts.Ipv4, counts.Ipv6, counts.Unaccepted, QueueReport.Of(counts.AcceptQueue));
}
