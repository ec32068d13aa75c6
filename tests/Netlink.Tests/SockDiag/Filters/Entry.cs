using System.Net;

namespace Netlink.Tests.SockDiag.Filters;

/// <summary>A socket as the bytecode sees it: struct inet_diag_entry of net/ipv4/inet_diag.c.</summary>
/// <param name="Family">The family of the socket, not that of its addresses.</param>
/// <param name="Local">4 bytes on an IPv4 socket, 16 on an IPv6 one.</param>
/// <param name="Peer">As long as the local address.</param>
internal sealed record Entry(int Family, IPEndPoint Local, IPEndPoint Peer)
{
    internal const int Unspecified = 0;
    internal const int IPv4 = 2;
    internal const int IPv6 = 10;

    internal byte[] LocalAddress { get; } = Local.Address.GetAddressBytes();

    internal byte[] PeerAddress { get; } = Peer.Address.GetAddressBytes();

    internal int LocalPort => Local.Port;

    internal int PeerPort => Peer.Port;

    internal static Entry WithLocalPort(int port) =>
        new(IPv4, new IPEndPoint(IPAddress.Loopback, port), new IPEndPoint(IPAddress.Loopback, 0));
}
