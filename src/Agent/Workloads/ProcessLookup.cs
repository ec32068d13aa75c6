using System.Collections.Immutable;
using Agent.Watching;
using Netlink;
using Netlink.SockDiag;
using Netlink.SockDiag.Filters;

namespace Agent.Workloads;

/// <summary>Finds the processes of this host that hold the clients' ends of the connections that a census has counted.</summary>
internal static class ProcessLookup
{
    /// <param name="where">The network namespace and the watches of the census.</param>
    /// <param name="filter">A filter for the servers' sockets; null for none.</param>
    /// <param name="counts">The result of the census, which succeeded.</param>
    internal static ProcessReading Look(WatchedNamespace where, SocketFilter? filter, NamespaceCounts counts)
    {
        using SockDiagClient client = new(where.Namespace);
        return Look(client, filter, counts);
    }

    /// <summary>The same with a client that is already in the network namespace.</summary>
    internal static ProcessReading Look(SockDiagClient client, SocketFilter? filter, NamespaceCounts counts)
    {
        long begun = TimeProvider.System.GetTimestamp();
        string? failure = null;
        ImmutableArray<(string Watch, WatchProcesses Processes)> found = [];
        try
        {
            IReadOnlyList<HeldConnection> connections = HeldConnections.Dump(
                client, counts.Watches.SelectMany(watch => watch.Watch.Ports), filter);
            // With a filter, no unix socket was counted.
            HeldUnixConnections unixConnections = HeldUnixConnections.Dump(
                client, filter is null ? counts.Watches.Select(watch => watch.Watch) : []);
            SocketOwners owners = SocketOwners.Find(
                connections.Where(connection => connection.ClientEnd == ClientEnd.Open).Select(connection => connection.Inode)
                    .Concat(unixConnections.ClientInodes)
                    .ToHashSet());
            found = [.. counts.Watches.Select(watch => (watch.Watch.Name, ToResult(watch, connections, unixConnections, owners)))];
        }
        catch (Exception wrong) when (wrong is NetlinkException or MalformedMessageException or IOException or UnauthorizedAccessException)
        {
            failure = wrong.Message;
            found = [.. counts.Watches.Select(watch => (watch.Watch.Name, new WatchProcesses(failure, Hidden: 0, Clients: [])))];
        }

        return new ProcessReading(counts.Netns, found) { Duration = TimeProvider.System.GetElapsedTime(begun), Failure = failure };
    }

    private static WatchProcesses ToResult(
        WatchCounts counts, IReadOnlyList<HeldConnection> connections, HeldUnixConnections unixConnections, SocketOwners owners)
    {
        Dictionary<Client, ClientProcessTally> tallies = counts.Shown.ToDictionary(
            client => client.Client, client => new ClientProcessTally(client, owners));
        foreach (HeldConnection connection in connections)
        {
            if (counts.Watch.Ports.Contains(connection.Address.ServerPort)
                && tallies.TryGetValue(new Client(connection.Address.Client), out ClientProcessTally? tally))
            {
                tally.Add(connection);
            }
        }

        if (tallies.TryGetValue(Client.Unix, out ClientProcessTally? unixClients))
        {
            unixConnections.AddTo(unixClients, counts.Watch.UnixSockets);
        }

        return new WatchProcesses(
            Failure: null, owners.Hidden, [.. counts.Shown.Select(client => tallies[client.Client].ToResult())]);
    }
}
