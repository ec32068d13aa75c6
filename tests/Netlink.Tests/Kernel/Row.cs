using System.Net;
using System.Net.Sockets;
using Netlink.SockDiag;

namespace Netlink.Tests.Kernel;

/// <summary>A copy of a socket, which stays valid after the dump.</summary>
internal sealed record Row(
    TcpState State, AddressFamily Family, IPEndPoint Local, IPEndPoint Peer, bool PeerIsIPv4, uint Inode, ulong Cookie, uint UserId, uint ReceiveQueue,
    uint SendQueue, ulong? CgroupId)
{
    internal static Row Of(InetSocket socket) => new(
        socket.State,
        socket.Family,
        new IPEndPoint(socket.LocalAddress.ToIPAddress(), socket.LocalPort),
        new IPEndPoint(socket.PeerAddress.ToIPAddress(), socket.PeerPort),
        socket.PeerAddress.IsIPv4,
        socket.Inode,
        socket.Cookie,
        socket.UserId,
        socket.ReceiveQueue,
        socket.SendQueue,
        socket.CgroupId);
}
