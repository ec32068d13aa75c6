using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Netlink.Interop;

namespace Netlink;

/// <summary>
/// An AF_NETLINK socket of the NETLINK_SOCK_DIAG family, see sock_diag(7). It belongs for good to the network namespace of the thread that
/// created it.
/// </summary>
internal sealed class NetlinkSocket : INetlinkChannel
{
    /// <summary>
    /// How long one receive waits. A dump is filled while it is being received, so that the kernel answers at once or not at all.
    /// </summary>
    internal static readonly TimeSpan ReceiveTimeout = TimeSpan.FromSeconds(1);

    private readonly FileDescriptor _socket;

    private NetlinkSocket(FileDescriptor socket, uint portId)
    {
        _socket = socket;
        PortId = portId;
    }

    public uint PortId { get; }

    /// <summary>Opens a socket in the calling thread's network namespace.</summary>
    /// <exception cref="NetlinkException">The kernel refused it.</exception>
    internal static NetlinkSocket Open()
    {
        FileDescriptor socket = LibC.socket(
            socket_h.AF_NETLINK, socket_h.SOCK_RAW | socket_h.SOCK_CLOEXEC, netlink_h.NETLINK_SOCK_DIAG);
        if (socket.IsInvalid)
        {
            throw new NetlinkException(NetlinkOperation.OpenSocket, Marshal.GetLastPInvokeError());
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
        sockaddr_nl kernel = new() { nl_family = socket_h.AF_NETLINK };
        nint sent = LibC.sendto(_socket, request, (nuint)request.Length, 0, in kernel, (uint)Unsafe.SizeOf<sockaddr_nl>());
        return sent < 0 ? -Marshal.GetLastPInvokeError() : 0;
    }

    public int Receive(Span<byte> buffer, out uint senderPortId)
    {
        uint addressLength = (uint)Unsafe.SizeOf<sockaddr_nl>();
        // MSG_TRUNC asks for the datagram's real length, whatever of it fits.
        nint received = LibC.recvfrom(
            _socket, buffer, (nuint)buffer.Length, socket_h.MSG_TRUNC, out sockaddr_nl sender, ref addressLength);
        senderPortId = sender.nl_pid;
        return received < 0 ? -Marshal.GetLastPInvokeError() : (int)received;
    }

    public void Dispose() => _socket.Dispose();

    private static void SetOptions(FileDescriptor socket)
    {
        timeval timeout = new() { tv_sec = (nint)ReceiveTimeout.TotalSeconds };
        if (LibC.setsockopt(socket, socket_h.SOL_SOCKET, socket_h.SO_RCVTIMEO, in timeout, (uint)Unsafe.SizeOf<timeval>()) < 0)
        {
            throw new NetlinkException(NetlinkOperation.OpenSocket, Marshal.GetLastPInvokeError());
        }

        // Older kernels know neither; their errors come without a text of their own and with the request behind them.
        int on = 1;
        _ = LibC.setsockopt(socket, socket_h.SOL_NETLINK, netlink_h.NETLINK_EXT_ACK, in on, sizeof(int));
        _ = LibC.setsockopt(socket, socket_h.SOL_NETLINK, netlink_h.NETLINK_CAP_ACK, in on, sizeof(int));
    }

    private static uint Bind(FileDescriptor socket)
    {
        // Port id 0 lets the kernel choose one.
        sockaddr_nl address = new() { nl_family = socket_h.AF_NETLINK };
        uint length = (uint)Unsafe.SizeOf<sockaddr_nl>();
        if (LibC.bind(socket, in address, length) < 0 || LibC.getsockname(socket, out address, ref length) < 0)
        {
            throw new NetlinkException(NetlinkOperation.OpenSocket, Marshal.GetLastPInvokeError());
        }

        return address.nl_pid;
    }
}
