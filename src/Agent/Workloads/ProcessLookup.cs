using Agent.Watching;
using Netlink;
using Netlink.SockDiag;
using Netlink.SockDiag.Filters;

namespace Agent.Workloads;

/// <summary>Finds out, once and after a census, which processes of this host hold the clients' ends.</summary>
internal static class ProcessLookup
{
    /// <param name="where">Where and what for the census counted.</param>
    /// <param name="filter">What else the servers' ends are to satisfy; null for nothing.</param>
    /// <param name="counts">What the census found.</param>
    /// <returns>The same with the processes of each watch.</returns>
    internal static NamespaceCounts Look(WatchedNamespace where, SocketFilter? filter, NamespaceCounts counts)
    {
        using SockDiagClient client = new(where.Namespace);
        return Look(client, filter, counts);
    }

    /// <summary>The same with a client that asks the kernel in the right network namespace.</summary>
    internal static NamespaceCounts Look(SockDiagClient client, SocketFilter? filter, NamespaceCounts counts)
    {
        if (!counts.Succeeded)
        {
            return counts;
        }

        try
        {
            IReadOnlyList<HeldConnection> connections = HeldConnections.Dump(
                client, counts.Watches.SelectMany(watch => watch.Watch.Ports), filter);
            SocketOwners owners = SocketOwners.Find(
                connections.Where(connection => connection.ClientEnd == ClientEnd.Open).Select(connection => connection.Inode).ToHashSet());
            return counts with { Watches = [.. counts.Watches.Select(watch => watch with { Processes = ToResult(watch, connections, owners) })] };
        }
        catch (Exception failure) when (failure is NetlinkException or MalformedMessageException or IOException or UnauthorizedAccessException)
        {
            WatchProcesses nothing = new(failure.Message, Hidden: 0, Clients: []);
            return counts with { Watches = [.. counts.Watches.Select(watch => watch with { Processes = nothing })] };
        }
    }

    private static WatchProcesses ToResult(WatchCounts counts, IReadOnlyList<HeldConnection> connections, SocketOwners owners)
    {
        Dictionary<InetAddress, ClientProcessTally> tallies = counts.Shown.ToDictionary(
            client => client.Address, client => new ClientProcessTally(client.Address, owners));
        foreach (HeldConnection connection in connections)
        {
            if (counts.Watch.Ports.Contains(connection.Address.ServerPort)
                && tallies.TryGetValue(connection.Address.Client, out ClientProcessTally? tally))
            {
                tally.Add(connection);
            }
        }

        return new WatchProcesses(
            Failure: null, owners.Hidden, [.. counts.Shown.Select(client => tallies[client.Address].ToResult())]);
    }
}
