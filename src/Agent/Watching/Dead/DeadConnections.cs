using System.Collections.Immutable;
using Agent.Platform;
using Netlink;
using Netlink.SockDiag;
using Netlink.SockDiag.Filters;

namespace Agent.Watching.Dead;

/// <summary>
/// Finds the connections that the kernel has ended and the server has not closed. They are in no table, but each has a descriptor in the server's
/// process. A look lists these descriptors and asks a copy of each socket that no table has, pidfd_getfd(2). A look happens only when something
/// indicates that there may be such a connection, and at least every 30 s. A connection that was found stays until its descriptor is gone.
/// </summary>
/// <remarks>
/// Without the right to copy, the look counts the connections that a census saw alive. Without the right to list, there is no look. Then the counts
/// are a minimum.
/// </remarks>
internal sealed class DeadConnections
{
    /// <summary>The longest time from one look to the next, and from one search for the servers' processes to the next.</summary>
    internal static readonly TimeSpan Regularly = TimeSpan.FromSeconds(30);

    // Connections that left the table may have left their descriptors behind while as many other descriptors were closed. A look makes sure, but not
    // sooner than this after the last look.
    private static readonly TimeSpan MakeSureAfter = TimeSpan.FromSeconds(2);

    // After a look or a search there is a pause of ten times as long. With 200 connections the next census always looks again, with 100,000 only some do.
    private const int PauseFactor = 10;

    // Above these the checks between looks would be expensive. Then a look is due when a connection has left the table, and regularly.
    private const int MostCheckedServers = 256;
    private const int MostCheckedDead = 1000;

    private readonly HashSet<ushort> _ports;
    private readonly SocketFilter? _filter;
    private readonly TimeProvider _time;
    private readonly HashSet<uint> _alive = [];

    private readonly SocketSorter _sockets;
    private readonly List<uint> _justGone = [];

    // Connections that have left the table since the last look.
    private readonly Dictionary<uint, PortAndClient> _gone = [];

    private AcceptedSockets _current;
    private AcceptedSockets _previous;
    private ServerProcesses _servers = new();
    private readonly Dictionary<uint, Place> _listed = [];
    private HashSet<uint> _listenersAtLook = [];

    private long? _lookedAt;
    private long? _searchedAt;
    private long _nextLookAt;
    private long _nextSearchAt;
    private long _searchTime;
    private bool _aliveIsCurrent;
    private ulong? _netnsCookie;

    // Whether a search is due and must wait.
    private bool _isSearchLate;

    // Whether the last look left sockets that the next census may find dead, although no table that was compared had them.
    private bool _isUnsettled;

    // Listening sockets and connections whose process the last search did not find.
    private HashSet<uint> _withoutOwner = [];

    // The descriptors of the servers before the dump.
    private long? _descriptorsBefore;

    // At the last census that could compare the two: the connections that were seen since the last look, and the descriptors without a connection in
    // the table.
    private int _connections;
    private long? _surplus;

    // Whether connections have come for which no known process has a descriptor: a server has a process that is not known.
    private bool _isProcessMissing;

    /// <param name="ports">The watched ports.</param>
    /// <param name="filter">A further condition for connections to be counted; null for none.</param>
    /// <param name="time">The clock.</param>
    internal DeadConnections(ImmutableArray<ushort> ports, SocketFilter? filter, TimeProvider time)
    {
        _ports = [.. ports];
        _filter = filter;
        _time = time;
        _sockets = new SocketSorter(_ports, filter);
        _current = new AcceptedSockets(ports);
        _previous = new AcceptedSockets(ports);
    }

    /// <summary>The accepted connections and listening sockets of the census that is being taken.</summary>
    internal AcceptedSockets Sockets => _current;

    /// <summary>The dead connections, after a look or without one.</summary>
    internal IReadOnlyCollection<DeadConnection> Found => _sockets.Dead.Values;

    /// <summary>How far the agent sees dead connections.</summary>
    internal DeadVisibility Visibility { get; } = new();

    /// <summary>How old the numbers are if a look is due and must wait; otherwise null.</summary>
    internal TimeSpan? Age { get; private set; }

    /// <inheritdoc cref="ServerProcesses.OpenFilesOf"/>
    internal OpenFiles? OpenFilesOf(ImmutableArray<ushort> ports) => _servers.OpenFilesOf(ports);

    /// <summary>Takes over what another census of the network namespace has found.</summary>
    internal void TakeOver(DeadConnections former)
    {
        _previous.TakeOver(former._previous);
        (_servers, _netnsCookie) = (former._servers, former._netnsCookie);
        _sockets.TakeOver(former._sockets);
        foreach ((uint inode, PortAndClient socket) in former._gone)
        {
            _gone[inode] = socket;
        }
    }

    /// <summary>Prepares a census, before its dump.</summary>
    internal void Begin()
    {
        // Before the first look it is not known whether descriptors can be copied.
        _current.Clear(keepsClients: _lookedAt is null || Visibility.HasOnlySeenAlive);
        _descriptorsBefore = CountDescriptors();
    }

    /// <summary>Looks for dead connections if a look is due, after a complete dump.</summary>
    /// <param name="client">The client of the dump, for a further one.</param>
    internal void Update(SockDiagClient client)
    {
        bool isDue = IsDue();
        Age = isDue && _lookedAt is { } last && _time.GetTimestamp() < _nextLookAt ? _time.GetElapsedTime(last) : null;
        if (isDue && Age is null)
        {
            long begun = _time.GetTimestamp();
            _searchTime = 0;
            TryLook(client);
            _lookedAt = _time.GetTimestamp();
            _nextLookAt = PauseAfter(begun + _searchTime);
            Age = _isSearchLate && _searchedAt is { } searchedAt ? _time.GetElapsedTime(searchedAt) : null;
        }
        else
        {
            AskJustGone(client);
        }

        (_current, _previous) = (_previous, _current);
        _aliveIsCurrent = false;
    }

    /// <summary>Asks at once for connections that have just left the table and whose descriptor is known, without a look.</summary>
    private void AskJustGone(SockDiagClient client)
    {
        foreach (uint inode in _justGone)
        {
            if (_listed.TryGetValue(inode, out Place place) && place.Server.Process.SocketAt(place.Descriptor) == inode)
            {
                _sockets.AskFor(inode, place, client.NetnsCookie);
            }
        }

        _justGone.Clear();
    }

    private void TryLook(SockDiagClient client)
    {
        try
        {
            Look(client);
        }
        catch (Exception failure) when (failure is NetlinkException or MalformedMessageException or IOException or UnauthorizedAccessException)
        {
            // The census has succeeded. Only the dead connections are not known. The next census looks again.
            _isUnsettled = true;
            Visibility.SetBlind(_ports, $"cannot look for dead connections: {failure.Message}");
        }
    }

    private bool IsDue()
    {
        bool isDue = _lookedAt is not { } last || _time.GetElapsedTime(last) >= Regularly || _isUnsettled
            || !_listenersAtLook.SetEquals(_current.Listeners.Keys);
        if (_servers.All.Count == 0)
        {
            // There is nothing to look at before the next search.
            return isDue;
        }

        NoteDisappeared();
        isDue |= _gone.Count > 0 && (_descriptorsBefore is null || _time.GetElapsedTime(_lookedAt ?? 0) >= MakeSureAfter);
        isDue |= HasSurplusChanged();
        return isDue || IsAnyDeadClosed();
    }

    /// <summary>Remembers the connections that the table no longer has.</summary>
    private void NoteDisappeared()
    {
        _justGone.Clear();
        if (_current.HasSameConnectionsAs(_previous))
        {
            return;
        }

        SetAlive();
        ReadOnlySpan<PortAndClient> clients = _previous.Clients;
        for (int i = 0; i < _previous.Count; i++)
        {
            if (!_alive.Contains(_previous.Inodes[i]))
            {
                _gone[_previous.Inodes[i]] = clients.IsEmpty ? default : clients[i];
                _justGone.Add(_previous.Inodes[i]);
            }
        }
    }

    private void SetAlive()
    {
        if (_aliveIsCurrent)
        {
            return;
        }

        _alive.Clear();
        foreach (uint inode in _current.Inodes)
        {
            _alive.Add(inode);
        }

        _aliveIsCurrent = true;
    }

    /// <summary>
    /// Compares the number of the servers' descriptors with that of the connections in the table. A connection that is closed leaves the table together
    /// with its descriptor, and one that is dead leaves its descriptor behind: then there are more descriptors without a connection than before.
    /// </summary>
    private bool HasSurplusChanged()
    {
        if (_descriptorsBefore is not { } descriptors || CountDescriptors() != descriptors)
        {
            // They changed during the dump, so that the two cannot be compared. The next census can.
            return false;
        }

        long surplus = descriptors - _current.Count;
        bool hasGrown = surplus > _surplus;
        // Those that have left are counted too: as many may have come, each in a process of its own.
        int seen = _current.Count + _gone.Count;
        _isProcessMissing |= surplus < _surplus && seen > _connections;
        (_surplus, _connections) = (surplus, seen);
        return hasGrown || _isProcessMissing;
    }

    /// <summary>How many descriptors the servers have together; null if this kernel does not report it, or if there are too many processes to ask each time.</summary>
    private long? CountDescriptors()
    {
        if (_servers.All.Count > MostCheckedServers)
        {
            return null;
        }

        long count = 0;
        foreach (ServerProcess server in _servers.All)
        {
            if (!server.CountDescriptors())
            {
                return null;
            }

            count += server.Descriptors;
        }

        return count;
    }

    private bool IsAnyDeadClosed()
    {
        if (_sockets.Dead.Count <= MostCheckedDead)
        {
            foreach (DeadConnection found in _sockets.Dead.Values)
            {
                if (found.Place.Server.Process.SocketAt(found.Place.Descriptor) != found.Inode)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private void Look(SockDiagClient client)
    {
        // With a filter the dump may lack the listening sockets.
        if (_filter is not null)
        {
            _current.AddListeners(client);
        }

        ForgetOtherNamespace(client.NetnsCookie);
        SetAlive();
        _listenersAtLook = [.. _current.Listeners.Keys];
        (_isUnsettled, _isSearchLate) = (false, false);
        _servers.ListAgain();
        ListServers();
        if (IsSearchDue())
        {
            long begun = _time.GetTimestamp();
            _servers.Search(_current, inode => _sockets.Dead.ContainsKey(inode) || _gone.ContainsKey(inode));
            _isProcessMissing = false;
            _searchTime = _time.GetTimestamp() - begun;
            (_searchedAt, _nextSearchAt) = (_time.GetTimestamp(), PauseAfter(begun));
            ListServers();
            _withoutOwner = [.. _current.Listeners.Keys.Concat(_alive).Where(inode => !_listed.ContainsKey(inode))];
        }

        // By the list, because the server may have opened and closed descriptors since they were counted.
        (_surplus, _connections) = (_servers.All.Sum(server => server.Descriptors) - _alive.Count(_listed.ContainsKey), _current.Count);
        _sockets.Sort(client, _listed, inode => _alive.Contains(inode) || _current.Listeners.ContainsKey(inode), _gone);
        _isUnsettled |= _sockets.IsUnsettled;
        _surplus -= _sockets.AcceptedMeanwhile;
        if (!_isSearchLate)
        {
            _gone.Clear();
        }

        Visibility.Judge(_current, _listed.ContainsKey, _servers);
    }

    /// <summary>Forgets what belongs to another network namespace: the name of the namespace may come to refer to another one.</summary>
    private void ForgetOtherNamespace(ulong? netnsCookie)
    {
        if (netnsCookie != _netnsCookie)
        {
            _sockets.Clear();
            _gone.Clear();
            _netnsCookie = netnsCookie;
        }
    }

    /// <summary>Whether all processes are to be searched for servers: regularly, and when a socket has no known owner.</summary>
    private bool IsSearchDue()
    {
        if (_searchedAt is not { } searchedAt || _time.GetElapsedTime(searchedAt) >= Regularly)
        {
            return true;
        }

        if (IsAnyWithoutOwner(_current.Listeners.Keys))
        {
            // This happens once for each listening socket that is opened. Until the search nothing is known of its port.
            return true;
        }

        if (!_isProcessMissing && !IsAnyWithoutOwner(_alive))
        {
            return false;
        }

        _isSearchLate = _time.GetTimestamp() < _nextSearchAt;
        _isUnsettled = _isSearchLate && _isProcessMissing;
        return !_isSearchLate;
    }

    /// <summary>Whether one of the sockets is in no known process. One that the last search could not find either is searched regularly only.</summary>
    private bool IsAnyWithoutOwner(IEnumerable<uint> inodes)
    {
        foreach (uint inode in inodes)
        {
            if (!_listed.ContainsKey(inode) && !_withoutOwner.Contains(inode))
            {
                return true;
            }
        }

        return false;
    }

    private void ListServers()
    {
        _listed.Clear();
        foreach (ServerProcess server in _servers.All)
        {
            server.SetPorts(_current.Listeners);
            foreach (OpenSocket socket in server.Sockets)
            {
                // Several processes may share a socket, and it may have several descriptors.
                _listed.TryAdd(socket.Inode, new Place(server, socket.Descriptor));
            }
        }
    }

    private long PauseAfter(long begun)
    {
        long now = _time.GetTimestamp();
        return now + (PauseFactor * (now - begun));
    }
}
