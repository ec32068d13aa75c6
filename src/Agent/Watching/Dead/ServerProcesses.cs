using System.Collections.Immutable;
using Agent.Platform;
using static Tmds.Linux.LibC;

namespace Agent.Watching.Dead;

/// <summary>
/// The processes that hold the servers' ends of watched connections: those that have a listening socket or an accepted connection, and their
/// children that have sockets, because a server may start a process for each connection.
/// </summary>
internal sealed class ServerProcesses
{
    // systemd holds the listening sockets of units that it starts at the first connection. Its children are all services of the host. Another process 1
    // may be the server itself, in a container.
    private const int FirstProcess = 1;

    private readonly List<ServerProcess> _servers = [];

    /// <summary>The processes that were found and still run, with the sockets that they had when they were last listed.</summary>
    internal IReadOnlyList<ServerProcess> All => _servers;

    /// <summary>How many processes the agent may not look into, of those that the last search looked at.</summary>
    internal int Hidden { get; private set; }

    /// <summary>The open files of the process that is nearest to its limit, of those that listen on the ports; null if the agent cannot see one.</summary>
    internal OpenFiles? OpenFilesOf(ImmutableArray<ushort> ports)
    {
        OpenFiles? nearest = null;
        foreach (ServerProcess server in _servers)
        {
            if (server.DescriptorLimit is { } limit
                && (nearest is not { } other || server.Descriptors / (double)limit > other.Open / (double)other.Limit)
                && ports.Any(server.ListensOn))
            {
                nearest = new OpenFiles(server.Descriptors, limit, server.Process.Id);
            }
        }

        return nearest;
    }

    /// <summary>Lists the sockets of the known processes again, and forgets those that have ended or may no longer be listed.</summary>
    internal void ListAgain() => _servers.RemoveAll(server => server.List() != 0);

    /// <summary>Searches all processes. Known ones stay if they hold a connection: a server may hold it and no longer listen.</summary>
    /// <param name="sockets">The sockets of the last census.</param>
    /// <param name="mayBeDead">Whether a socket is of a dead connection, or of one that has left the table since the last look.</param>
    /// <exception cref="IOException">There is no procfs.</exception>
    /// <exception cref="UnauthorizedAccessException">The agent may not list it.</exception>
    internal void Search(AcceptedSockets sockets, Func<uint, bool> mayBeDead)
    {
        HashSet<uint> wanted = [.. sockets.Listeners.Keys, .. sockets.Inodes];

        Hidden = 0;
        _servers.RemoveAll(server => !server.Sockets.Any(socket => wanted.Contains(socket.Inode) || mayBeDead(socket.Inode)));
        HashSet<int> known = [.. _servers.Select(server => server.Process.Id)];
        HashSet<uint> withoutOwner = [.. wanted];
        foreach (ServerProcess server in _servers)
        {
            withoutOwner.ExceptWith(server.Sockets.Select(socket => socket.Inode));
        }

        List<ServerProcess> others = [];
        List<ServerProcess> laterOnes = [];
        foreach (ProcessDirectory process in ProcessDirectory.All())
        {
            if (known.Contains(process.Id))
            {
                continue;
            }

            // The owner of a process is cheap to ask for; its sockets are not.
            if (process.OwnerId() is { } user && sockets.Users.Contains(user))
            {
                Visit(new ServerProcess(process));
            }
            else
            {
                laterOnes.Add(new ServerProcess(process));
            }
        }

        if (withoutOwner.Count > 0)
        {
            // A process may have changed its user after it had opened the socket, or have got the socket from a process of another user.
            laterOnes.ForEach(Visit);
            laterOnes.Clear();
        }

        AddChildren([.. others, .. laterOnes]);
        _servers.ForEach(server => server.Examine());

        void Visit(ServerProcess candidate)
        {
            int errno = candidate.List();
            Hidden += ProcessDirectory.IsForbidden(errno) ? 1 : 0;
            if (errno != 0 || candidate.Sockets.Count == 0)
            {
                return;
            }

            bool isServer = false;
            foreach (OpenSocket socket in candidate.Sockets)
            {
                isServer |= wanted.Contains(socket.Inode) || mayBeDead(socket.Inode);
                withoutOwner.Remove(socket.Inode);
            }

            (isServer ? _servers : others).Add(candidate);
        }
    }

    private static bool IsSystemd(ProcessDirectory process) =>
        process.Id == FirstProcess && process.ReadFile("comm").AsSpan().SequenceEqual("systemd\n"u8);

    private void AddChildren(List<ServerProcess> others)
    {
        HashSet<int> parents = [.. _servers.Select(server => server.Process).Where(process => !IsSystemd(process)).Select(process => process.Id)];
        if (parents.Count == 0)
        {
            return;
        }

        List<(ServerProcess Process, int Parent)> waiting = [.. others.Select(other => (other, other.Process.ParentId() ?? 0))];
        for (int added = -1; added != 0;)
        {
            added = waiting.RemoveAll(other =>
            {
                if (!parents.Contains(other.Parent))
                {
                    return false;
                }

                parents.Add(other.Process.Process.Id);
                if (other.Process.List() == 0 && other.Process.Sockets.Count > 0)
                {
                    _servers.Add(other.Process);
                }

                return true;
            });
        }
    }
}

/// <summary>A process that holds servers' ends.</summary>
internal sealed class ServerProcess(ProcessDirectory process)
{
    private readonly List<OpenSocket> _sockets = [];
    private readonly HashSet<ushort> _ports = [];

    // Descriptors that are taken and not in the list. accept(2) takes one while it waits for a connection.
    private long _reserved;

    internal ProcessDirectory Process => process;

    /// <summary>Its sockets when it was last listed.</summary>
    internal IReadOnlyList<OpenSocket> Sockets => _sockets;

    /// <summary>How many descriptors it had when they were last listed or counted, with those that calls of accept(2) have reserved.</summary>
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

    /// <summary>Why the agent may not copy its descriptors, as an errno; 0 if it may, or if the process has ended.</summary>
    internal int CopyErrno { get; private set; }

    /// <summary>Finds out what stays the same for most processes as long as they run.</summary>
    internal void Examine()
    {
        DescriptorLimit = process.DescriptorLimit() is { } limit and not long.MaxValue ? limit : null;
        using ProcessHandle? handle = ProcessHandle.Open(process.Id, out int errno);
        CopyErrno = handle?.TryCopying() ?? errno;
        ProcessDirectory.ThrowIfTooManyFiles(CopyErrno);
        CopyErrno = CopyErrno == ESRCH ? 0 : CopyErrno;
    }

    /// <summary>Counts its descriptors without listing them; 0 if it has ended.</summary>
    /// <returns>False if this kernel does not report their number.</returns>
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
        long? before = process.CountDescriptors();
        int errno = process.ListSockets(_sockets, out int listed);
        if (before >= listed && process.CountDescriptors() == before)
        {
            _reserved = before.Value - listed;
        }

        Descriptors = listed + _reserved;
        return errno;
    }
}
