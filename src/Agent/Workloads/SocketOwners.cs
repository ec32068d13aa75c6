namespace Agent.Workloads;

/// <summary>Which processes have which sockets open, by one walk through all descriptors of all processes.</summary>
internal sealed class SocketOwners
{
    private const string Procfs = "/proc";

    private readonly Dictionary<uint, List<LocalProcess>> _byInode = [];

    private SocketOwners()
    {
    }

    /// <summary>How many processes may not be looked into.</summary>
    internal int Hidden { get; private set; }

    /// <summary>Looks for the processes that have these sockets; a socket that a process was born with or was sent is its own as well.</summary>
    /// <param name="inodes">The sockets, by inode.</param>
    /// <exception cref="IOException">There is no procfs.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be listed.</exception>
    internal static SocketOwners Find(IReadOnlySet<uint> inodes)
    {
        SocketOwners owners = new();
        HashSet<uint> found = [];
        foreach (ProcessDirectory process in ProcessDirectory.All(Procfs))
        {
            found.Clear();
            if (!process.TryFindSockets(inodes, found))
            {
                owners.Hidden++;
            }

            if (found.Count > 0)
            {
                owners.Add(process.Describe(), found);
            }
        }

        return owners;
    }

    /// <summary>The processes that have a socket; none where nobody that can be seen has it.</summary>
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
