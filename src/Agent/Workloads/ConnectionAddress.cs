using Netlink.SockDiag;

namespace Agent.Workloads;

/// <summary>What tells a connection from every other one of a network namespace, the same from either of its ends.</summary>
/// <param name="Client">The address of the end that connected.</param>
/// <param name="ClientPort">Its port.</param>
/// <param name="Server">The address of the end that listened.</param>
/// <param name="ServerPort">Its port.</param>
internal readonly record struct ConnectionAddress(InetAddress Client, ushort ClientPort, InetAddress Server, ushort ServerPort)
{
    private static readonly InetAddress IPv6Loopback = InetAddress.FromIPv6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    private static readonly InetAddress FirstLoopback = InetAddress.FromIPv4([127, 0, 0, 0]);
    private static readonly InetAddress LastLoopback = InetAddress.FromIPv4([127, 255, 255, 255]);

    /// <summary>Whether the client can only be where the server is: on loopback, or with the server's own address.</summary>
    internal bool IsLocal => Client == Server || Client == IPv6Loopback || (Client >= FirstLoopback && Client <= LastLoopback);

    internal static ConnectionAddress OfServerEnd(InetSocket socket) =>
        new(socket.PeerAddress, socket.PeerPort, socket.LocalAddress, socket.LocalPort);

    internal static ConnectionAddress OfClientEnd(InetSocket socket) =>
        new(socket.LocalAddress, socket.LocalPort, socket.PeerAddress, socket.PeerPort);
}
