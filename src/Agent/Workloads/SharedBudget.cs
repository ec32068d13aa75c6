using Agent.Limits;
using Agent.Watching;
using Netlink;
using Netlink.SockDiag;

namespace Agent.Workloads;

/// <summary>
/// A watch that counts one of Consul's two ports alone, where the same process listens on both. Consul's limit counts the connections of both
/// ports together, so that such a watch sees only a part of what a client holds.
/// </summary>
internal static class SharedBudget
{
    /// <summary>The port that the watch counts and the one that it leaves out; null where it counts both, or neither, or has no limit of Consul's.</summary>
    internal static (ushort Counted, ushort LeftOut)? PortsOf(Watch watch)
    {
        bool isOfConsul = watch.LimitFrom is not null || (watch.Name == ConsulDefaults.WatchName && watch.Limit.Value is not null);
        return (isOfConsul, watch.Ports.Contains(ConsulDefaults.HttpPort), watch.Ports.Contains(ConsulDefaults.HttpsPort)) switch
        {
            (true, true, false) => (ConsulDefaults.HttpPort, ConsulDefaults.HttpsPort),
            (true, false, true) => (ConsulDefaults.HttpsPort, ConsulDefaults.HttpPort),
            _ => null,
        };
    }

    /// <summary>Looks at the listening sockets, and at the processes only where both ports have one.</summary>
    /// <returns>What to tell the operator, one line; null where one process does not listen on both, or the agent cannot see that it does.</returns>
    internal static string? Find(NetworkNamespace? where, Watch watch)
    {
        if (PortsOf(watch) is not var (counted, leftOut))
        {
            return null;
        }

        try
        {
            using SockDiagClient client = new(where);
            (HashSet<uint> Counted, HashSet<uint> LeftOut) listeners = Listeners(client, counted, leftOut);
            return listeners is { Counted.Count: > 0, LeftOut.Count: > 0 } && HaveOneOwner(listeners.Counted, listeners.LeftOut)
                ? $"{watch.Name}: the process that listens on port {counted} also listens on {leftOut}, and Consul's limit counts both together; "
                    + $"add port {leftOut} to the watch"
                : null;
        }
        catch (Exception)
        {
            // Any exception: a notice is no reason to end the agent, or to lose a census.
            return null;
        }
    }

    private static (HashSet<uint> Counted, HashSet<uint> LeftOut) Listeners(SockDiagClient client, ushort counted, ushort leftOut)
    {
        (HashSet<uint> ofCounted, HashSet<uint> ofLeftOut) = ([], []);
        SocketQuery query = new(TcpStates.Listen, counted, leftOut);
        do
        {
            foreach (InetSocket socket in client.Dump(query))
            {
                (socket.LocalPort == counted ? ofCounted : ofLeftOut).Add(socket.Inode);
            }
        }
        while (client.LastDumpIncomplete);

        return (ofCounted, ofLeftOut);
    }

    private static bool HaveOneOwner(HashSet<uint> counted, HashSet<uint> leftOut)
    {
        SocketOwners owners = SocketOwners.Find(counted.Union(leftOut).ToHashSet());
        HashSet<int> ofCounted = [.. counted.SelectMany(owners.Of).Select(process => process.Id)];
        return leftOut.SelectMany(owners.Of).Any(process => ofCounted.Contains(process.Id));
    }
}
