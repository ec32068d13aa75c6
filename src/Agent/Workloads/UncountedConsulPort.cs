using Agent.Limits.Consul;
using Agent.Watching;
using Netlink;
using Netlink.SockDiag;

namespace Agent.Workloads;

/// <summary>
/// Finds a watch that counts only one of Consul's two ports although the same process listens on both. Consul's limit counts the connections to both
/// ports together, so such a watch counts only a part of what a client holds.
/// </summary>
internal static class UncountedConsulPort
{
    /// <summary>The port that the watch counts and the one that it does not; null if it counts both or neither, or its limit is not Consul's.</summary>
    internal static (ushort Counted, ushort Uncounted)? PortsOf(Watch watch)
    {
        bool isOfConsul = watch.LimitFrom is not null || (watch.Name == ConsulDefaults.WatchName && watch.Limit.Value is not null);
        return (isOfConsul, watch.Ports.Contains(ConsulDefaults.HttpPort), watch.Ports.Contains(ConsulDefaults.HttpsPort)) switch
        {
            (true, true, false) => (ConsulDefaults.HttpPort, ConsulDefaults.HttpsPort),
            (true, false, true) => (ConsulDefaults.HttpsPort, ConsulDefaults.HttpPort),
            _ => null,
        };
    }

    /// <summary>Looks for one process that listens on both ports. It reads /proc only if both ports have a listening socket.</summary>
    /// <returns>A notice for the operator, one line; null if no such process exists, or the agent may not see it.</returns>
    internal static string? Find(NetworkNamespace? where, Watch watch)
    {
        if (PortsOf(watch) is not var (counted, uncounted))
        {
            return null;
        }

        try
        {
            using SockDiagClient client = new(where);
            (HashSet<uint> Counted, HashSet<uint> Uncounted) listeners = Listeners(client, counted, uncounted);
            return listeners is { Counted.Count: > 0, Uncounted.Count: > 0 } && HaveOneOwner(listeners.Counted, listeners.Uncounted)
                ? $"{watch.Name}: the process that listens on port {counted} also listens on {uncounted}, and Consul's limit counts both together; "
                    + $"add port {uncounted} to the watch"
                : null;
        }
        catch (Exception)
        {
            // Any exception: a failed check must not stop the agent or a census.
            return null;
        }
    }

    private static (HashSet<uint> Counted, HashSet<uint> Uncounted) Listeners(SockDiagClient client, ushort counted, ushort uncounted)
    {
        (HashSet<uint> ofCounted, HashSet<uint> ofUncounted) = ([], []);
        SocketQuery query = new(TcpStates.Listen, counted, uncounted);
        do
        {
            foreach (InetSocket socket in client.Dump(query))
            {
                (socket.LocalPort == counted ? ofCounted : ofUncounted).Add(socket.Inode);
            }
        }
        while (client.LastDumpIncomplete);

        return (ofCounted, ofUncounted);
    }

    private static bool HaveOneOwner(HashSet<uint> counted, HashSet<uint> uncounted)
    {
        SocketOwners owners = SocketOwners.Find(counted.Union(uncounted).ToHashSet());
        HashSet<int> ofCounted = [.. counted.SelectMany(owners.Of).Select(process => process.Id)];
        return uncounted.SelectMany(owners.Of).Any(process => ofCounted.Contains(process.Id));
    }
}
