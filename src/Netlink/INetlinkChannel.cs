namespace Netlink;

/// <summary>
/// The four things that are done with an open netlink socket. The kernel is behind <see cref="NetlinkSocket"/>; in tests a script plays it,
/// for what the real one does not do on demand.
/// </summary>
internal interface INetlinkChannel : IDisposable
{
    /// <summary>The address of this end, which the kernel puts into each of its replies (nlmsg_pid).</summary>
    uint PortId { get; }

    /// <summary>Sends one request to the kernel.</summary>
    /// <returns>0, or the errno with its sign turned.</returns>
    int Send(ReadOnlySpan<byte> request);

    /// <summary>Waits for one datagram, for the receive time-out at the longest.</summary>
    /// <param name="buffer">Takes the datagram, or as much of it as fits.</param>
    /// <param name="senderPortId">Who sent it: 0 is the kernel.</param>
    /// <returns>The whole datagram's length, which is more than the buffer's when it was cut off; or the errno with its sign turned.</returns>
    int Receive(Span<byte> buffer, out uint senderPortId);
}
