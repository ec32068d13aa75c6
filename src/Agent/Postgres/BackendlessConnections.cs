using System.Collections.Immutable;
using System.Net;
using Agent.Watching;
using Netlink;
using Netlink.SockDiag;

namespace Agent.Postgres;

/// <summary>
/// Finds the connections of watches that take a slot of a server although no session belongs to them: their clients are silent, or in the middle of
/// the login. A dump of the sockets before the server's answer and one after it: only a connection that is in both existed when the server answered.
/// </summary>
/// <param name="watches">The watches whose limit the server decides, with their network namespaces.</param>
internal sealed class BackendlessConnections(ImmutableArray<(WatchedNamespace Where, Watch Watch)> watches)
{
    /// <summary>The connections of each watch that are held now; null where they cannot be read.</summary>
    internal Held?[] Dump() => [.. watches.Select(watch => Dump(watch.Where, watch.Watch))];

    /// <summary>Compares two dumps with the sessions.</summary>
    /// <param name="before">The dump before the server was asked.</param>
    /// <param name="core">The answer.</param>
    /// <returns>A count for each watch that can be compared.</returns>
    internal ImmutableArray<WithoutBackend> Compare(Held?[] before, CoreStatistics core)
    {
        if (watches.IsEmpty || core.IsRestricted)
        {
            return [];
        }

        Held?[] after = Dump();
        HashSet<(InetAddress Address, ushort Port)> sessions =
            [.. core.Backends.Where(backend => !backend.IsStarting).Select(backend => backend.Client).OfType<IPEndPoint>().Select(PeerOf)];
        (InetAddress Address, ushort Port)? own = core.Backends.FirstOrDefault(backend => backend.Pid == core.BackendPid)?.Client is { } client
            ? PeerOf(client)
            : null;
        return
        [
            .. watches.Select((watch, i) => (watch.Watch.Name, Count: CountOf(before[i], after[i], sessions, own)))
                .Where(result => result.Count is not null)
                .Select(result => new WithoutBackend(result.Name, result.Count!.Value)),
        ];
    }

    private static int? CountOf(
        Held? before, Held? after, HashSet<(InetAddress Address, ushort Port)> sessions, (InetAddress Address, ushort Port)? own) =>
        // The agent's own connection proves that these are the sockets of this server.
        before is null || after is null || own is not { } agent || !after.Peers.Any(held => held.Value == agent)
            ? null
            : after.Peers.Count(held => before.Peers.TryGetValue(held.Key, out (InetAddress Address, ushort Port) peer) && peer == held.Value
                && !sessions.Contains(peer));

    private static (InetAddress Address, ushort Port) PeerOf(IPEndPoint client)
    {
        byte[] bytes = client.Address.GetAddressBytes();
        return (bytes.Length == 4 ? InetAddress.FromIPv4(bytes) : InetAddress.FromIPv6(bytes), (ushort)client.Port);
    }

    private static Held? Dump(WatchedNamespace where, Watch watch)
    {
        if (watch.Ports.IsEmpty)
        {
            // A query without ports would select every port.
            return null;
        }

        try
        {
            // Opened each time: another network namespace may have the name now.
            using SockDiagClient client = new(where.Namespace);
            SocketQuery query = new(TcpStates.Established | TcpStates.CloseWait, watch.Ports);
            Dictionary<ulong, (InetAddress Address, ushort Port)> peers = [];
            do
            {
                peers.Clear();
                foreach (InetSocket socket in client.Dump(query))
                {
                    // A connection that is not accepted yet takes no slot.
                    if (socket.Inode != 0)
                    {
                        peers[socket.Cookie] = (socket.PeerAddress, socket.PeerPort);
                    }
                }
            }
            while (client.LastDumpIncomplete);
            return new Held(peers);
        }
        catch (Exception failure) when (failure is NetlinkException or MalformedMessageException or IOException or UnauthorizedAccessException)
        {
            // The census of the same namespace reports it.
            return null;
        }
    }

    /// <summary>Connections that are held.</summary>
    /// <param name="Peers">The client's address and port by the cookie of the server's socket.</param>
    internal sealed record Held(Dictionary<ulong, (InetAddress Address, ushort Port)> Peers);
}
