using Netlink.SockDiag;
using Netlink.SockDiag.Filters;

namespace Agent.Workloads;

/// <summary>Pairs the connections that servers hold with their clients' ends, where those are in the same network namespace.</summary>
internal static class HeldConnections
{
    /// <summary>Asks the kernel for the connections to these local ports, and for the ends of their clients.</summary>
    /// <param name="client">Asks it.</param>
    /// <param name="ports">The servers' ports.</param>
    /// <param name="filter">What else the servers' ends are to satisfy; null for nothing.</param>
    /// <exception cref="Netlink.NetlinkException">It refused.</exception>
    /// <exception cref="Netlink.MalformedMessageException">What it answered cannot be true.</exception>
    internal static IReadOnlyList<HeldConnection> Dump(SockDiagClient client, IEnumerable<ushort> ports, SocketFilter? filter = null)
    {
        HashSet<ushort> serverPorts = [.. ports];
        Dictionary<ConnectionAddress, TcpState> serverEnds = DumpServerEnds(client, new SocketQuery(
            TcpStates.Established | TcpStates.CloseWait, filter, serverPorts));
        Dictionary<ConnectionAddress, uint> clientInodes = DumpClientInodes(client, new SocketQuery(
            TcpStates.Established | TcpStates.FinWait1 | TcpStates.FinWait2,
            SocketFilter.Parse(string.Join(" or ", serverPorts.Select(port => $"dport = :{port}")))));
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
                // What a census calls held: accepted, and not closed by the server.
                if (socket.State is TcpState.Established or TcpState.CloseWait && socket.Inode != 0)
                {
                    ends[ConnectionAddress.OfServerEnd(socket)] = socket.State;
                }
            }
        }
        while (client.LastDumpIncomplete);
        return ends;
    }

    private static Dictionary<ConnectionAddress, uint> DumpClientInodes(SockDiagClient client, SocketQuery query)
    {
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

        // The kernel forgets an end that was closed after a minute (tcp_fin_timeout), whatever the server does.
        bool wasHere = serverState == TcpState.CloseWait && address.IsLocal;
        return new HeldConnection(address, wasHere ? ClientEnd.Closed : ClientEnd.Elsewhere, Inode: 0);
    }
}
