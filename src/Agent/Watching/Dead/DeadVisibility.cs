using static Tmds.Linux.LibC;

namespace Agent.Watching.Dead;

/// <summary>How far the agent sees the dead connections of each port, as its rights and the last look show.</summary>
internal sealed class DeadVisibility
{
    // Ports that have a listening socket or a connection, and those of them whose server's descriptors were listed.
    private HashSet<ushort> _inUse = [];
    private HashSet<ushort> _visible = [];

    /// <summary>Why the agent may miss dead connections, in one line; null if it sees all of them.</summary>
    internal string? Problem { get; private set; }

    /// <summary>Whether the agent may not copy descriptors of a server, so that it sees only connections that a census counted before they died.</summary>
    internal bool HasOnlySeenAlive { get; private set; }

    /// <summary>Whether the agent sees all dead connections of a port.</summary>
    internal bool SeesAll(ushort port) => Sees(port) && !(HasOnlySeenAlive && _inUse.Contains(port));

    /// <summary>Whether the agent can look for dead connections of a port, and sees at least some of them.</summary>
    internal bool Sees(ushort port) => _visible.Contains(port) || !_inUse.Contains(port);

    /// <summary>The number of dead connections of a port as it is published: null if the agent cannot look for them, and where nothing is in use.</summary>
    /// <param name="port">The port.</param>
    /// <param name="found">How many were found.</param>
    internal long? CountOf(ushort port, long found) => found > 0 || _visible.Contains(port) ? found : null;

    /// <summary>Sets that nothing is known of any port.</summary>
    internal void SetBlind(IEnumerable<ushort> ports, string problem) => (_inUse, _visible, Problem) = ([.. ports], [], problem);

    /// <summary>Judges after a look.</summary>
    /// <param name="sockets">The sockets of the census.</param>
    /// <param name="isListed">Whether a known process has a socket.</param>
    /// <param name="servers">The servers' processes.</param>
    internal void Judge(AcceptedSockets sockets, Func<uint, bool> isListed, ServerProcesses servers)
    {
        HashSet<ushort> withOwner = [];
        HashSet<ushort> withoutOwner = [];
        foreach ((uint inode, ushort port) in sockets.Listeners)
        {
            (isListed(inode) ? withOwner : withoutOwner).Add(port);
        }

        // Servers that no longer listen, and have connections.
        ushort[] closed = [.. sockets.PortsInUse.Where(port => !withOwner.Contains(port) && !withoutOwner.Contains(port))];
        if (closed.Length > 0)
        {
            (AreAll(sockets.Inodes, isListed) ? withOwner : withoutOwner).UnionWith(closed);
        }

        _inUse = [.. withOwner, .. withoutOwner];
        _visible = withOwner;
        _visible.ExceptWith(withoutOwner);
        string? copyProblem = servers.All.Select(server => server.CopyErrno).FirstOrDefault(errno => errno != 0) is > 0 and var errno ? CopyProblem(errno) : null;
        HasOnlySeenAlive = copyProblem is not null;
        Problem = withoutOwner.Count > 0 ? ProblemOf(withoutOwner.Min(), servers) : copyProblem;
    }

    private static string ProblemOf(ushort port, ServerProcesses servers) => servers.Hidden > 0
        ? $"cannot see all dead connections: the agent may not look into the process that listens on port {port}; "
            + "run the agent as root, or with the capabilities CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
        : $"cannot see all dead connections: no process in the agent's /proc listens on port {port}; "
            + "a container needs 'pid: host', and a systemd unit ProtectProc=default";

    private static string CopyProblem(int errno) => errno == ENOSYS
        ? "cannot see all dead connections: only those that a census counted before they died, because this kernel cannot copy descriptors (pidfd_getfd, Linux 5.6)"
        : "cannot see all dead connections: only those that a census counted before they died, because the agent may not copy the server's descriptors; "
            + "give the agent the capability CAP_SYS_PTRACE, and allow the system call pidfd_getfd";

    private static bool AreAll(ReadOnlySpan<uint> inodes, Func<uint, bool> isListed)
    {
        foreach (uint inode in inodes)
        {
            if (!isListed(inode))
            {
                return false;
            }
        }

        return true;
    }
}
