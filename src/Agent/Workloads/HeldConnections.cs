using Netlink.SockDiag;
using Netlink.SockDiag.Filters;

namespace Agent.Workloads;

/// <summary>Pairs the connections that servers hold with the sockets of their clients in the same network namespace.</summary>
internal static class HeldConnections
{
    /// <summary>Dumps the connections to these local ports, and the sockets of their clients.</summary>
    /// <param name="client">A client in the network namespace.</param>
    /// <param name="ports">The servers' ports.</param>
    /// <param name="filter">A filter for the servers' sockets; null for none.</param>
    /// <exception cref="Netlink.NetlinkException">The kernel returned an error, or the timeout ended.</exception>
    /// <exception cref="Netlink.MalformedMessageException">The kernel's reply is malformed.</exception>
    internal static IReadOnlyList<HeldConnection> Dump(SockDiagClient client, IEnumerable<ushort> ports, SocketFilter? filter = null)
    {
        HashSet<ushort> serverPorts = [.. ports];
        if (serverPorts.Count == 0)
        {
            // A query without ports would select every port.
            return [];
        }

        Dictionary<ConnectionAddress, TcpState> serverEnds = DumpServerEnds(client, new SocketQuery(
            TcpStates.Established | TcpStates.CloseWait, filter, serverPorts));
        Dictionary<ConnectionAddress, uint> clientInodes = DumpClientInodes(client, serverPorts);
        return [.. serverEnds.Select(end => Pair(end.Key, end.Value, clientInodes))];
    }

    private static Dictionary<ConnectionAddress, TcpState> DumpServerEnds(SockDiagClient client, SocketQuery query)
    {
        Dictionary<ConnectionAddress, TcpState> ends = [];
        do
        {
            ends.Clear();
            foreach (InetSocket socket in client.Dump(query))
            {
                // The connections that a census counts as held: accepted, and not closed by the server.
                if (socket.State is TcpState.Established or TcpState.CloseWait && socket.Inode != 0)
                {
                    ends[ConnectionAddress.OfServerEnd(socket)] = socket.State;
                }
            }
        }
        while (client.LastDumpIncomplete);
        return ends;
    }

    /// <summary>Dumps the sockets of clients in the network namespace that are connected to these ports, with their inodes; 0 for closed ones.</summary>
    /// <param name="client">A client in the network namespace.</param>
    /// <param name="serverPorts">The servers' ports, at least one.</param>
    /// <exception cref="Netlink.NetlinkException">The kernel returned an error, or the timeout ended.</exception>
    /// <exception cref="Netlink.MalformedMessageException">The kernel's reply is malformed.</exception>
    internal static Dictionary<ConnectionAddress, uint> DumpClientInodes(SockDiagClient client, IReadOnlyCollection<ushort> serverPorts)
    {
        SocketQuery query = new(
            TcpStates.Established | TcpStates.FinWait1 | TcpStates.FinWait2,
            SocketFilter.Parse(string.Join(" or ", serverPorts.Select(port => $"dport = :{port}"))));
        Dictionary<ConnectionAddress, uint> inodes = [];
        do
        {
            inodes.Clear();
            foreach (InetSocket socket in client.Dump(query))
            {
                inodes[ConnectionAddress.OfClientEnd(socket)] = socket.Inode;
            }
        }
        while (client.LastDumpIncomplete);
        return inodes;
    }

    private static HeldConnection Pair(ConnectionAddress address, TcpState serverState, Dictionary<ConnectionAddress, uint> clientInodes)
    {
        if (clientInodes.TryGetValue(address, out uint inode))
        {
            return new HeldConnection(address, inode == 0 ? ClientEnd.Closed : ClientEnd.Open, inode);
        }

        // The kernel removes a closed client socket after a minute (tcp_fin_timeout), even if the server still holds the connection.
        bool wasHere = serverState == TcpState.CloseWait && address.IsLocal;
        return new HeldConnection(address, wasHere ? ClientEnd.Closed : ClientEnd.Elsewhere, Inode: 0);
    }
}

/// <summary>A connection that a server holds, with the client's end of it.</summary>
/// <param name="Address">The addresses and ports of both ends.</param>
/// <param name="ClientEnd">Where the client's end is.</param>
/// <param name="Inode">The inode of the client's socket if that is open; otherwise 0.</param>
internal readonly record struct HeldConnection(ConnectionAddress Address, ClientEnd ClientEnd, uint Inode);

/// <summary>Where the client's end of a held connection is.</summary>
internal enum ClientEnd
{
    /// <summary>Not in this network namespace: on another host, in another namespace, or behind address translation.</summary>
    Elsewhere,

    /// <summary>In this network namespace, and closed by its process.</summary>
    Closed,

    /// <summary>In this network namespace, and open: in a process or in the kernel.</summary>
    Open,
}

/// <summary>Identifies a connection in a network namespace. The value is the same for both ends.</summary>
/// <param name="Client">The address of the end that connected.</param>
/// <param name="ClientPort">Its port.</param>
/// <param name="Server">The address of the end that listened.</param>
/// <param name="ServerPort">Its port.</param>
internal readonly record struct ConnectionAddress(InetAddress Client, ushort ClientPort, InetAddress Server, ushort ServerPort)
{
    private static readonly InetAddress IPv6Loopback = InetAddress.FromIPv6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    private static readonly InetAddress FirstLoopback = InetAddress.FromIPv4([127, 0, 0, 0]);
    private static readonly InetAddress LastLoopback = InetAddress.FromIPv4([127, 255, 255, 255]);

    /// <summary>Whether the client must be on the server's host: its address is of loopback, or the server's own.</summary>
    internal bool IsLocal => Client == Server || Client == IPv6Loopback || (Client >= FirstLoopback && Client <= LastLoopback);

    internal static ConnectionAddress OfServerEnd(InetSocket socket) =>
        new(socket.PeerAddress, socket.PeerPort, socket.LocalAddress, socket.LocalPort);

    internal static ConnectionAddress OfClientEnd(InetSocket socket) =>
        new(socket.LocalAddress, socket.LocalPort, socket.PeerAddress, socket.PeerPort);
}
