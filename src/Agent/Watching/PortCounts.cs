namespace Agent.Watching;

/// <summary>What a census found on one local port.</summary>
/// <param name="Port">The local port.</param>
/// <param name="Ipv4">ESTABLISHED connections whose peer speaks IPv4, also where it came to a dual-stack socket.</param>
/// <param name="Ipv6">ESTABLISHED connections whose peer speaks IPv6.</param>
/// <param name="Unaccepted">Those of both that no process has accepted yet.</param>
/// <param name="AcceptQueue">Of the sockets that listen on the port; null where none does.</param>
internal readonly record struct PortCounts(ushort Port, long Ipv4, long Ipv6, long Unaccepted, AcceptQueue? AcceptQueue);
