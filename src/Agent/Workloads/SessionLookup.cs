using System.Collections.Frozen;
using System.Net;
using Agent.Readings;
using Netlink;
using Netlink.SockDiag;

namespace Agent.Workloads;

/// <summary>Finds the processes of this host that hold the clients' ends of the sessions that a server reports with their address and port.</summary>
internal static class SessionLookup
{
    /// <param name="database">The configured name of the database whose server reports the sessions.</param>
    /// <param name="where">The network namespace of the clients; null for the agent's own.</param>
    /// <param name="serverPorts">The ports that the clients have connected to.</param>
    /// <param name="sessions">The clients' addresses and ports.</param>
    internal static SessionReading Look(string database, NetworkNamespace? where, IEnumerable<ushort> serverPorts, IEnumerable<IPEndPoint> sessions)
    {
        long begun = TimeProvider.System.GetTimestamp();
        string? failure = null;
        Dictionary<SessionClient, IReadOnlyList<LocalProcess>> found = [];
        int hidden = 0;
        try
        {
            Dictionary<SessionClient, uint> inodes = Dump(where, [.. serverPorts], [.. sessions.Select(SessionClient.Of)]);
            SocketOwners owners = SocketOwners.Find(inodes.Values.Where(inode => inode != 0).ToHashSet());
            found = inodes.ToDictionary(client => client.Key, client => owners.Of(client.Value));
            hidden = owners.Hidden;
        }
        catch (Exception wrong) when (wrong is NetlinkException or MalformedMessageException or IOException or UnauthorizedAccessException)
        {
            failure = wrong.Message;
        }

        return new SessionReading(database, found.ToFrozenDictionary(), hidden) { Duration = TimeProvider.System.GetElapsedTime(begun), Failure = failure };
    }

    /// <summary>The inodes of the clients' sockets that are in the network namespace.</summary>
    private static Dictionary<SessionClient, uint> Dump(NetworkNamespace? where, HashSet<ushort> serverPorts, HashSet<SessionClient> sessions)
    {
        Dictionary<SessionClient, uint> inodes = [];
        // A query without ports would select every port.
        if (serverPorts.Count > 0 && sessions.Count > 0)
        {
            using SockDiagClient client = new(where);
            foreach ((ConnectionAddress address, uint inode) in HeldConnections.DumpClientInodes(client, serverPorts))
            {
                SessionClient session = new(address.Client, address.ClientPort);
                if (sessions.Contains(session))
                {
                    inodes[session] = inode;
                }
            }
        }

        return inodes;
    }
}

/// <summary>The reading of one lookup: the processes that hold the clients' ends of a server's sessions.</summary>
/// <param name="Database">The configured name of the database whose server reports the sessions.</param>
/// <param name="Owners">The processes by client; without the clients whose socket is not in the network namespace.</param>
/// <param name="Hidden">The number of processes that the agent may not inspect; 0 after a failure.</param>
internal sealed record SessionReading(string Database, FrozenDictionary<SessionClient, IReadOnlyList<LocalProcess>> Owners, int Hidden) : Reading
{
    /// <summary>The lookup of a database; null where there was none.</summary>
    internal static SessionReading? Of(StoreView view, string database) => view.All<SessionReading>().FirstOrDefault(reading => reading.Database == database);

    /// <summary>The processes that hold a client's end: empty if none that the agent may inspect has it, null if the end is not in the network namespace.</summary>
    internal IReadOnlyList<LocalProcess>? Of(IPEndPoint client) => Owners.GetValueOrDefault(SessionClient.Of(client));
}

/// <summary>The client's end of a session.</summary>
/// <param name="Address">Its address; v4-mapped is IPv4, without a zone.</param>
/// <param name="Port">Its port.</param>
internal readonly record struct SessionClient(InetAddress Address, ushort Port)
{
    internal static SessionClient Of(IPEndPoint client)
    {
        byte[] bytes = client.Address.GetAddressBytes();
        return new SessionClient(bytes.Length == 4 ? InetAddress.FromIPv4(bytes) : InetAddress.FromIPv6(bytes), (ushort)client.Port);
    }
}
