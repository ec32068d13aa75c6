using System.Runtime.InteropServices;
using Netlink.Interop;
using static Tmds.Linux.LibC;

namespace Netlink;

/// <summary>
/// An AF_NETLINK socket of the NETLINK_SOCK_DIAG family, see sock_diag(7). It always stays in the network namespace of the thread that created it.
/// </summary>
internal sealed class NetlinkSocket : INetlinkChannel
{
    /// <summary>
    /// The timeout of one receive. The kernel fills a dump while it is being received, so it answers at once or not at all.
    /// </summary>
    internal static readonly TimeSpan ReceiveTimeout = TimeSpan.FromSeconds(1);

    private readonly FileDescriptor _socket;

    private NetlinkSocket(FileDescriptor socket, uint portId)
    {
        _socket = socket;
        PortId = portId;
    }

    public uint PortId { get; }

    public ulong? NetnsCookie
    {
        get
        {
            ulong cookie = 0;
            int length = LibC.getsockopt(_socket, SOL_SOCKET, socket_h.SO_NETNS_COOKIE, MemoryMarshal.AsBytes(new Span<ulong>(ref cookie)));
            return length < 0 ? null : cookie;
        }
    }

    /// <summary>Opens a socket in the calling thread's network namespace.</summary>
    /// <exception cref="NetlinkException">The kernel refused the socket.</exception>
    internal static NetlinkSocket Open()
    {
        FileDescriptor socket = LibC.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, netlink_h.NETLINK_SOCK_DIAG, out int errno);
        if (socket.IsInvalid)
        {
            throw new NetlinkException(NetlinkOperation.OpenSocket, errno);
        }

        try
        {
            SetOptions(socket);
            return new NetlinkSocket(socket, Bind(socket));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public int Send(ReadOnlySpan<byte> request)
    {
        sockaddr_nl kernel = new() { nl_family = (ushort)AF_NETLINK };
        return Math.Min(LibC.sendto(_socket, request, flags: 0, in kernel), 0);
    }

    public int Receive(Span<byte> buffer, out uint senderPortId)
    {
        // MSG_TRUNC returns the real length of the datagram even if the buffer is smaller.
        int received = LibC.recvfrom(_socket, buffer, MSG_TRUNC, out sockaddr_nl sender);
        senderPortId = sender.nl_pid;
        return received;
    }

    public void Dispose() => _socket.Dispose();

    private static void SetOptions(FileDescriptor socket)
    {
        timeval timeout = new() { tv_sec = (nint)ReceiveTimeout.TotalSeconds };
        ThrowIfNegative(LibC.setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, timeout));

        // Older kernels know neither option. Their errors have no message, and echo the request.
        _ = LibC.setsockopt(socket, SOL_NETLINK, netlink_h.NETLINK_EXT_ACK, 1);
        _ = LibC.setsockopt(socket, SOL_NETLINK, netlink_h.NETLINK_CAP_ACK, 1);
    }

    private static uint Bind(FileDescriptor socket)
    {
        // Port id 0 lets the kernel choose one.
        ThrowIfNegative(LibC.bind(socket, new sockaddr_nl { nl_family = (ushort)AF_NETLINK }));
        ThrowIfNegative(LibC.getsockname(socket, out sockaddr_nl address));
        return address.nl_pid;
    }

    private static void ThrowIfNegative(int result)
    {
        if (result < 0)
        {
            throw new NetlinkException(NetlinkOperation.OpenSocket, -result);
        }
    }
}
