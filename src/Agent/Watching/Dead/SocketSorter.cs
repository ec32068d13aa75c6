using Agent.Platform;
using Netlink.Interop;
using Netlink.SockDiag;
using Netlink.SockDiag.Filters;

namespace Agent.Watching.Dead;

/// <summary>
/// Sorts the sockets of the servers' processes: those in the kernel's table, the dead ones of watched ports, and others. It asks for a socket only once.
/// </summary>
/// <param name="ports">The watched ports.</param>
/// <param name="filter">A further condition for connections to be counted; null for none.</param>
internal sealed class SocketSorter(IReadOnlySet<ushort> ports, SocketFilter? filter)
{
    // Not TIME_WAIT and SYN_RECEIVED, which no process holds.
    private static readonly SocketQuery EveryTcpSocket = new(
        TcpStates.Established | TcpStates.SynSent | TcpStates.FinWait1 | TcpStates.FinWait2 | TcpStates.Close | TcpStates.CloseWait
        | TcpStates.LastAck | TcpStates.Listen | TcpStates.Closing);

    private readonly Dictionary<uint, Place> _candidates = [];

    // Sockets that are none of the watched ports.
    private HashSet<uint> _others = [];

    // Sockets that could not be identified by the last sort.
    private HashSet<uint> _unidentified = [];

    /// <summary>The dead connections, by the inode of the server's socket.</summary>
    internal Dictionary<uint, DeadConnection> Dead { get; private set; } = [];

    /// <summary>Whether there are sockets that the next census may find dead, although it cannot notice that they have left the table.</summary>
    internal bool IsUnsettled { get; private set; }

    /// <summary>How many connections were accepted between the dump of the census and the further one.</summary>
    internal int AcceptedMeanwhile { get; private set; }

    /// <summary>Takes over the dead connections of the watched ports from a former census.</summary>
    internal void TakeOver(SocketSorter former) => Dead = new(former.Dead.Where(found => ports.Contains(found.Value.Ends.LocalPort)));

    /// <summary>Forgets everything.</summary>
    internal void Clear()
    {
        Dead.Clear();
        _others.Clear();
    }

    /// <summary>Sorts the sockets.</summary>
    /// <param name="client">Takes a further dump, if it is needed.</param>
    /// <param name="listed">The sockets of the servers' processes.</param>
    /// <param name="isAlive">Whether the dump of the census had a socket.</param>
    /// <param name="seenAlive">Connections that have left the table since the last sort, for servers whose descriptors cannot be copied.</param>
    /// <exception cref="Netlink.NetlinkException">The further dump failed.</exception>
    /// <exception cref="Netlink.MalformedMessageException">The same.</exception>
    internal void Sort(
        SockDiagClient client,
        IReadOnlyDictionary<uint, Place> listed,
        Func<uint, bool> isAlive,
        IReadOnlyDictionary<uint, PortAndClient> seenAlive)
    {
        (IsUnsettled, AcceptedMeanwhile) = (false, 0);
        CollectCandidates(listed, isAlive);
        if (_candidates.Count > 0)
        {
            RemoveThoseOfOtherProtocols();
        }

        if (_candidates.Count > 0)
        {
            RemoveThoseInTheTable(client);
        }

        Identify(client.NetnsCookie, seenAlive);
    }

    /// <summary>Asks for one socket that has left the table, where its descriptor can be copied.</summary>
    internal void AskFor(uint inode, Place place, ulong? netnsCookie)
    {
        using ProcessHandle? process = place.Server.CopyErrno == 0 ? ProcessHandle.Open(place.Server.Process.Id, out _) : null;
        if (process is not null && Ask(process, place.Descriptor, inode, netnsCookie) is { } connection)
        {
            Add(inode, connection, place);
        }
    }

    /// <summary>Keeps what is known of sockets that are still there, and collects those of which nothing is known.</summary>
    private void CollectCandidates(IReadOnlyDictionary<uint, Place> listed, Func<uint, bool> isAlive)
    {
        Dictionary<uint, DeadConnection> dead = [];
        HashSet<uint> others = [];
        _candidates.Clear();
        foreach ((uint inode, Place place) in listed)
        {
            if (isAlive(inode))
            {
                continue;
            }

            if (Dead.TryGetValue(inode, out DeadConnection? found))
            {
                dead.Add(inode, found with { Place = place });
            }
            else if (_others.Contains(inode))
            {
                others.Add(inode);
            }
            else
            {
                _candidates.Add(inode, place);
            }
        }

        (Dead, _others) = (dead, others);
    }

    /// <summary>Removes sockets of other protocols. The kernel reports the name of the protocol, so this needs no copies of descriptors.</summary>
    private void RemoveThoseOfOtherProtocols()
    {
        foreach ((uint inode, Place place) in _candidates)
        {
            if (place.Server.Process.IsOfOtherProtocol(place.Descriptor, inode))
            {
                _candidates.Remove(inode);
                _others.Add(inode);
            }
        }
    }

    /// <summary>Removes sockets that a further dump still finds: those of other ports, and those that were accepted after the first dump.</summary>
    private void RemoveThoseInTheTable(SockDiagClient client)
    {
        List<(uint Inode, ushort Port, TcpState State)> found = [];
        do
        {
            found.Clear();
            foreach (InetSocket socket in client.Dump(EveryTcpSocket))
            {
                if (_candidates.ContainsKey(socket.Inode))
                {
                    found.Add((socket.Inode, socket.LocalPort, socket.State));
                }
            }
        }
        while (client.LastDumpIncomplete);

        foreach ((uint inode, ushort port, TcpState state) in found)
        {
            _candidates.Remove(inode);
            if (ports.Contains(port))
            {
                // It was accepted after the first dump. If it is dead at the next census, that census cannot notice that it has left the table.
                // The server has shut down a socket of another state. If that one dies, the regular look finds it at the latest.
                bool isAlive = state is TcpState.Established or TcpState.CloseWait;
                IsUnsettled |= isAlive;
                AcceptedMeanwhile += isAlive ? 1 : 0;
            }
            else
            {
                _others.Add(inode);
            }
        }
    }

    private void Identify(ulong? netnsCookie, IReadOnlyDictionary<uint, PortAndClient> seenAlive)
    {
        HashSet<uint> unidentified = [];
        foreach (IGrouping<ServerProcess, KeyValuePair<uint, Place>> server in _candidates.GroupBy(candidate => candidate.Value.Server))
        {
            bool mayCopy = server.Key.CopyErrno == 0;
            using ProcessHandle? process = mayCopy ? ProcessHandle.Open(server.Key.Process.Id, out _) : null;
            foreach ((uint inode, Place place) in server)
            {
                ConnectionEnds? ends = process is not null ? Ask(process, place.Descriptor, inode, netnsCookie)
                    : !mayCopy && seenAlive.TryGetValue(inode, out PortAndClient known) && known.Port != 0 ? new ConnectionEnds(default, known.Port, known.Client, 0)
                    : null;
                if (ends is not { } connection)
                {
                    // Closed at this moment, or just about to end, or never connected. The next census looks again, once.
                    unidentified.Add(inode);
                    IsUnsettled |= !_unidentified.Contains(inode);
                    continue;
                }

                Add(inode, connection, place);
            }
        }

        _unidentified = unidentified;
    }

    private void Add(uint inode, ConnectionEnds connection, Place place)
    {
        if (ports.Contains(connection.LocalPort) && filter?.Expression.Matches(in connection) != false)
        {
            Dead[inode] = new DeadConnection(inode, connection, place);
        }
        else
        {
            _others.Add(inode);
        }
    }

    private static ConnectionEnds? Ask(ProcessHandle process, int descriptor, uint inode, ulong? netnsCookie)
    {
        // While a copy is open, the client does not learn that the server has closed the connection.
        using FileDescriptor copy = process.Copy(descriptor, out _);
        return copy.IsInvalid ? null : CopiedSocket.Ask(copy, inode, netnsCookie);
    }
}

/// <summary>A dead connection.</summary>
/// <param name="Inode">The inode of the server's socket.</param>
/// <param name="Ends">Its addresses and ports; where the agent may not copy descriptors, only the server's port and the client's address.</param>
/// <param name="Place">Where the server has it.</param>
internal sealed record DeadConnection(uint Inode, ConnectionEnds Ends, Place Place);

/// <summary>A descriptor of a server's process.</summary>
internal readonly record struct Place(ServerProcess Server, int Descriptor);
