using System.Collections.Immutable;
using Agent.Watching;
using Netlink.SockDiag;

namespace Agent.Workloads;

/// <summary>The connections that servers have accepted on the unix sockets of watches, with the sockets of their clients.</summary>
internal sealed class HeldUnixConnections
{
    private static readonly UnixSocketQuery Query = new(TcpStates.Established);

    private readonly UnixSocketTally? _tally;
    private readonly List<(UnixSocketFile File, uint ClientInode)> _connections = [];

    private HeldUnixConnections(UnixSocketTally? tally) => _tally = tally;

    /// <summary>The inodes of the clients' sockets that are open.</summary>
    internal IEnumerable<uint> ClientInodes => _connections.Select(connection => connection.ClientInode).Where(inode => inode != 0);

    /// <summary>Dumps the connections to the unix sockets of these watches; nothing if they have none.</summary>
    /// <param name="client">A client in the network namespace.</param>
    /// <param name="watches">The watches of the network namespace.</param>
    /// <exception cref="Netlink.NetlinkException">The kernel returned an error, or the timeout ended.</exception>
    /// <exception cref="Netlink.MalformedMessageException">The kernel's reply is malformed.</exception>
    internal static HeldUnixConnections Dump(SockDiagClient client, IEnumerable<Watch> watches)
    {
        Watch[] all = [.. watches];
        UnixSocketTally? tally = UnixSocketTally.Of(all);
        HeldUnixConnections held = new(tally);
        if (tally is null)
        {
            return held;
        }

        tally.Count(client);
        IReadOnlySet<UnixSocketFile> files = tally.FilesOf([.. all.SelectMany(watch => watch.UnixSockets)]);
        do
        {
            held._connections.Clear();
            foreach (UnixSocket socket in client.Dump(Query))
            {
                if (socket.State == TcpState.Established && socket.File is { } file && files.Contains(file))
                {
                    held._connections.Add((file, socket.PeerInode.GetValueOrDefault()));
                }
            }
        }
        while (client.LastDumpIncomplete);
        return held;
    }

    /// <summary>Adds the connections to these paths to the tally of <see cref="Client.Unix"/>.</summary>
    internal void AddTo(ClientProcessTally processes, ImmutableArray<string> paths)
    {
        if (_tally is null)
        {
            return;
        }

        IReadOnlySet<UnixSocketFile> files = _tally.FilesOf(paths);
        foreach ((UnixSocketFile file, uint inode) in _connections)
        {
            if (files.Contains(file))
            {
                // 0: the client has closed its end, and the server has not.
                processes.Add(inode == 0 ? ClientEnd.Closed : ClientEnd.Open, inode);
            }
        }
    }
}
