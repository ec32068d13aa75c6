using Agent.Platform;

namespace Agent.Workloads;

/// <summary>The processes that have certain sockets open, found by one walk through the descriptors of all processes.</summary>
internal sealed class SocketOwners
{
    private readonly Dictionary<uint, List<LocalProcess>> _byInode = [];

    private SocketOwners()
    {
    }

    /// <summary>The number of processes that the agent may not inspect.</summary>
    internal int Hidden { get; private set; }

    /// <summary>Finds the processes that have these sockets open. A socket that a process has inherited or received counts as well.</summary>
    /// <param name="inodes">The inodes of the sockets.</param>
    /// <exception cref="IOException">There is no procfs.</exception>
    /// <exception cref="UnauthorizedAccessException">The agent may not list it.</exception>
    internal static SocketOwners Find(IReadOnlySet<uint> inodes)
    {
        SocketOwners owners = new();
        HashSet<uint> found = [];
        foreach (ProcessDirectory process in ProcessDirectory.All())
        {
            found.Clear();
            if (!process.TryFindSockets(inodes, found))
            {
                owners.Hidden++;
            }

            if (found.Count > 0)
            {
                owners.Add(LocalProcess.Describe(process), found);
            }
        }

        return owners;
    }

    /// <summary>The processes that have a socket open; empty if none of those that the agent may inspect has it.</summary>
    internal IReadOnlyList<LocalProcess> Of(uint inode) => _byInode.TryGetValue(inode, out List<LocalProcess>? owners) ? owners : [];

    private void Add(LocalProcess process, HashSet<uint> inodes)
    {
        foreach (uint inode in inodes)
        {
            if (!_byInode.TryGetValue(inode, out List<LocalProcess>? owners))
            {
                _byInode.Add(inode, owners = []);
            }

            owners.Add(process);
        }
    }
}
