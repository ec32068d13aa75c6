using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Netlink.Interop;
using Netlink.SockDiag;
using Netlink.SockDiag.Filters;
using Tmds.Linux;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Agent.Watching.Dead;

/// <summary>
/// A TCP socket that the kernel has removed from its tables: asks a copy of its descriptor for what it still knows, see SO_PEERNAME in socket(7).
/// </summary>
internal static class CopiedSocket
{
    private const int MostAddressBytes = 128; // sizeof(struct sockaddr_storage)
    private const int IPv4Bytes = 16; // sizeof(struct sockaddr_in)
    private const int IPv6Bytes = 28; // sizeof(struct sockaddr_in6)

    /// <summary>Asks a copy.</summary>
    /// <param name="copy">The copy of the descriptor.</param>
    /// <param name="inode">The inode of the socket that was to be copied.</param>
    /// <param name="netnsCookie">The cookie of the network namespace that is counted; null if the kernel does not report it.</param>
    /// <returns>
    /// The ends of the connection; null if this is another socket, if it is no TCP socket, if it belongs to another network namespace, if the connection
    /// has not ended, or if there was none.
    /// </returns>
    internal static ConnectionEnds? Ask(FileDescriptor copy, uint inode, ulong? netnsCookie)
    {
        if (LibC.statx(copy, STATX_INO, out statx status) < 0 || (uint)(ulong)status.stx_ino != inode)
        {
            return null;
        }

        if (Option<int>(copy, SOL_SOCKET, SO_PROTOCOL) is not { } protocol || (protocol != IPPROTO_TCP && protocol != in_h.IPPROTO_MPTCP))
        {
            return null;
        }

        // tcpi_state is the first byte of struct tcp_info.
        if (Option<byte>(copy, IPPROTO_TCP, TCP_INFO) is { } state && state != (byte)TcpState.Close)
        {
            return null;
        }

        if (netnsCookie is { } expected && Option<ulong>(copy, SOL_SOCKET, socket_h.SO_NETNS_COOKIE) is { } actual && actual != expected)
        {
            return null;
        }

        Span<byte> local = stackalloc byte[MostAddressBytes];
        int length = LibC.getsockname(copy, local);
        Span<byte> peer = stackalloc byte[MostAddressBytes];
        // The kernel wants the exact length of the family's address.
        if (!TryRead(local, length, out InetAddress localAddress, out ushort localPort)
            || !TryRead(peer, LibC.getsockopt(copy, SOL_SOCKET, SO_PEERNAME, peer[..Math.Max(length, 0)]), out InetAddress peerAddress, out ushort peerPort))
        {
            return null;
        }

        return new ConnectionEnds(localAddress, localPort, peerAddress, peerPort);
    }

    private static T? Option<T>(FileDescriptor socket, int level, int option)
        where T : unmanaged
    {
        T value = default;
        int length = LibC.getsockopt(socket, level, option, MemoryMarshal.AsBytes(new Span<T>(ref value)));
        return length > 0 ? value : null;
    }

    private static bool TryRead(ReadOnlySpan<byte> name, int length, out InetAddress address, out ushort port)
    {
        (address, port) = (default, 0);
        if (length is not (IPv4Bytes or IPv6Bytes))
        {
            return false;
        }

        // struct sockaddr_in and sockaddr_in6: family and port, then the IPv4 address, or the flow label and the IPv6 address.
        port = BinaryPrimitives.ReadUInt16BigEndian(name[2..]);
        address = length == IPv4Bytes ? InetAddress.FromIPv4(name[4..]) : InetAddress.FromIPv6(name[8..]);
        return true;
    }
}
