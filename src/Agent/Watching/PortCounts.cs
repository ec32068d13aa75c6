using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>The counts of one local port.</summary>
/// <param name="Port">The local port.</param>
/// <param name="Ipv4">ESTABLISHED connections with an IPv4 peer, also those of a dual-stack socket.</param>
/// <param name="Ipv6">ESTABLISHED connections with an IPv6 peer.</param>
/// <param name="Unaccepted">Those of both that no process has accepted yet.</param>
/// <param name="AcceptQueue">The accept queues of the sockets that listen on the port; null where nothing listens.</param>
internal readonly record struct PortCounts(ushort Port, long Ipv4, long Ipv6, long Unaccepted, AcceptQueue? AcceptQueue)
{
    /// <summary>
    /// Connections that the kernel has ended and the server has not closed; null where the agent could not look for them, and where nothing listens.
    /// </summary>
    public long? Dead { get; init; }

    /// <summary>
    /// Segments that the listening sockets have dropped since the agent began to count them, repeated SYNs included; null where nothing listens, and
    /// for a single census.
    /// </summary>
    public long? Drops { get; init; }
}

/// <summary>The counts of one listening unix socket.</summary>
/// <param name="Path">Its path as configured.</param>
/// <param name="Accepted">Connections that a process has accepted and not closed.</param>
/// <param name="AcceptQueue">Its accept queue; null where nothing listens.</param>
internal readonly record struct UnixSocketCounts(string Path, long Accepted, AcceptQueue? AcceptQueue)
{
    /// <summary>The file at the path: two paths may lead to one file. Null where there is none.</summary>
    public UnixSocketFile? File { get; init; }

    /// <summary>The sum of the accept queues of these paths; that of a file counts once. Null where nothing listens.</summary>
    internal static AcceptQueue? SumOfQueues(IEnumerable<UnixSocketCounts> sockets)
    {
        AcceptQueue? sum = null;
        HashSet<UnixSocketFile> files = [];
        foreach (UnixSocketCounts socket in sockets)
        {
            if (socket.AcceptQueue is { } queue && (socket.File is not { } file || files.Add(file)))
            {
                sum = queue + sum.GetValueOrDefault();
            }
        }

        return sum;
    }
}

/// <summary>The accept queues of all sockets that listen on a port, summed.</summary>
/// <param name="Length">Connections that wait to be accepted.</param>
/// <param name="Limit">How many connections may wait.</param>
internal readonly record struct AcceptQueue(long Length, long Limit)
{
    public static AcceptQueue operator +(AcceptQueue left, AcceptQueue right) => new(left.Length + right.Length, left.Limit + right.Limit);
}
