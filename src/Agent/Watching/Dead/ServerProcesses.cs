using Agent.Platform;

namespace Agent.Watching.Dead;

/// <summary>
/// The processes that hold the servers' ends of watched connections: those that have a listening socket or an accepted connection, and their
/// children that have sockets, because a server may start a process for each connection.
/// </summary>
internal sealed class ServerProcesses
{
    // systemd holds the listening sockets of units that it starts at the first connection. Its children are all services of the host.
    private const int Init = 1;

    private readonly List<ServerProcess> _servers = [];

    /// <summary>The processes that were found and still run, with the sockets that they had when they were last listed.</summary>
    internal IReadOnlyList<ServerProcess> All => _servers;

    /// <summary>How many processes the agent may not look into, of those that the last search looked at.</summary>
    internal int Hidden { get; private set; }

    /// <summary>Lists the sockets of the known processes again, and forgets those that have ended.</summary>
    /// <returns>Whether a process has ended, or may no longer be listed.</returns>
    internal bool ListAgain() => _servers.RemoveAll(server => server.List() != 0) > 0;

    /// <summary>Searches all processes. Known ones stay if they hold a connection: a server may hold it and no longer listen.</summary>
    /// <param name="sockets">The sockets of the last census.</param>
    /// <param name="isDead">Whether a socket is of a dead connection.</param>
    /// <exception cref="IOException">There is no procfs.</exception>
    /// <exception cref="UnauthorizedAccessException">The agent may not list it.</exception>
    internal void Search(AcceptedSockets sockets, Func<uint, bool> isDead)
    {
        HashSet<uint> wanted = [.. sockets.Listeners.Keys];
        foreach (AcceptedSocket socket in sockets.All)
        {
            wanted.Add(socket.Inode);
        }

        Hidden = 0;
        _servers.RemoveAll(server => !server.Sockets.Any(socket => wanted.Contains(socket.Inode) || isDead(socket.Inode)));
        HashSet<int> known = [.. _servers.Select(server => server.Process.Id)];
        HashSet<uint> withoutOwner = [.. sockets.Listeners.Keys];
        foreach (ServerProcess server in _servers)
        {
            withoutOwner.ExceptWith(server.Sockets.Select(socket => socket.Inode));
        }

        List<ServerProcess> others = [];
        List<ProcessDirectory> laterOnes = [];
        foreach (ProcessDirectory process in ProcessDirectory.All())
        {
            if (known.Contains(process.Id))
            {
                continue;
            }

            // The owner of a socket is cheap to ask for; the sockets of a process are not.
            if (process.OwnerId() is { } user && sockets.Users.Contains(user))
            {
                Visit(process);
            }
            else
            {
                laterOnes.Add(process);
            }
        }

        if (withoutOwner.Count > 0)
        {
            // A process that changed its user after it had opened the socket.
            laterOnes.ForEach(Visit);
        }

        AddChildren(others);
        _servers.ForEach(server => server.ReadDescriptorLimit());

        void Visit(ProcessDirectory process)
        {
            ServerProcess candidate = new(process);
            int errno = candidate.List();
            Hidden += ProcessDirectory.IsForbidden(errno) ? 1 : 0;
            if (errno != 0 || candidate.Sockets.Count == 0)
            {
                return;
            }

            bool isServer = false;
            foreach (OpenSocket socket in candidate.Sockets)
            {
                isServer |= wanted.Contains(socket.Inode);
                withoutOwner.Remove(socket.Inode);
            }

            (isServer ? _servers : others).Add(candidate);
        }
    }

    private void AddChildren(List<ServerProcess> others)
    {
        HashSet<int> parents = [.. _servers.Select(server => server.Process.Id).Where(id => id != Init)];
        List<(ServerProcess Process, int Parent)> waiting = parents.Count == 0 ? [] :
            [.. others.Select(other => (other, other.Process.ParentId() ?? 0))];
        for (int added = -1; added != 0;)
        {
            added = 0;
            for (int i = waiting.Count - 1; i >= 0; i--)
            {
                if (parents.Contains(waiting[i].Parent))
                {
                    parents.Add(waiting[i].Process.Process.Id);
                    _servers.Add(waiting[i].Process);
                    waiting.RemoveAt(i);
                    added++;
                }
            }
        }
    }
}

/// <summary>A process that holds servers' ends.</summary>
internal sealed class ServerProcess(ProcessDirectory process)
{
    private readonly List<OpenSocket> _sockets = [];
    private readonly HashSet<ushort> _ports = [];

    internal ProcessDirectory Process => process;

    /// <summary>Its sockets when it was last listed.</summary>
    internal IReadOnlyList<OpenSocket> Sockets => _sockets;

    /// <summary>How many descriptors it had when they were last listed or counted.</summary>
    internal long Descriptors { get; private set; }

    /// <summary>How many descriptors it may have, by the last search; null if that is unknown or unlimited.</summary>
    internal long? DescriptorLimit { get; private set; }

    /// <summary>Whether it listens on a port.</summary>
    internal bool ListensOn(ushort port) => _ports.Contains(port);

    /// <summary>Finds out on which ports it listens.</summary>
    /// <param name="listeners">The listening sockets by inode.</param>
    internal void SetPorts(IReadOnlyDictionary<uint, ushort> listeners)
    {
        _ports.Clear();
        foreach (OpenSocket socket in _sockets)
        {
            if (listeners.TryGetValue(socket.Inode, out ushort port))
            {
                _ports.Add(port);
            }
        }
    }

    internal void ReadDescriptorLimit() => DescriptorLimit = process.DescriptorLimit() is { } limit and not long.MaxValue ? limit : null;

    /// <summary>Counts its descriptors without listing them.</summary>
    /// <returns>False if this kernel cannot tell their number, or the process has ended.</returns>
    internal bool CountDescriptors()
    {
        long? count = process.CountDescriptors();
        Descriptors = count ?? Descriptors;
        return count is not null;
    }

    /// <summary>Lists its sockets.</summary>
    /// <returns>0, or the errno of <see cref="ProcessDirectory.ListSockets"/>.</returns>
    internal int List()
    {
        _sockets.Clear();
        int errno = process.ListSockets(_sockets, out int descriptors);
        Descriptors = descriptors;
        return errno;
    }
}
