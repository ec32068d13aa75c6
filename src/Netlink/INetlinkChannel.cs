namespace Netlink;

/// <summary>
/// The operations on an open netlink socket. <see cref="NetlinkSocket"/> talks to the kernel. Tests use a scripted kernel for behaviour that the real
/// one does not show on demand.
/// </summary>
internal interface INetlinkChannel : IDisposable
{
    /// <summary>The port id of this socket, which the kernel puts into each reply (nlmsg_pid).</summary>
    uint PortId { get; }

    /// <summary>The cookie of the network namespace that the socket belongs to (SO_NETNS_COOKIE); null before Linux 5.14.</summary>
    ulong? NetnsCookie => null;

    /// <summary>Sends one request to the kernel.</summary>
    /// <returns>0, or the negative errno.</returns>
    int Send(ReadOnlySpan<byte> request);

    /// <summary>Waits for one datagram, at most for the receive timeout.</summary>
    /// <param name="buffer">Receives the datagram, or as much of it as fits.</param>
    /// <param name="senderPortId">The port id of the sender; 0 is the kernel.</param>
    /// <returns>The length of the whole datagram, which is larger than the buffer if the datagram was truncated; or the negative errno.</returns>
    int Receive(Span<byte> buffer, out uint senderPortId);
}
