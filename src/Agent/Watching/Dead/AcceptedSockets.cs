using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Netlink.SockDiag;

namespace Agent.Watching.Dead;

/// <summary>
/// The accepted connections of one census, with their sockets' inodes, and the sockets that listen. Reused from census to census; nothing is
/// allocated per socket once it has grown.
/// </summary>
/// <param name="ports">The watched ports.</param>
internal sealed class AcceptedSockets(ImmutableArray<ushort> ports)
{
    private const int Smallest = 64;

    private readonly HashSet<uint> _users = [];

    // By the index of a port: whether it has connections.
    private readonly bool[] _isInUse = new bool[ports.Length];
    private uint[] _inodes = new uint[Smallest];
    private PortAndClient[] _clients = [];
    private uint _lastUser = uint.MaxValue;
    private int _lastPortIndex = -1;

    // An order-independent fingerprint: two censuses with equal numbers of connections and equal sums have the same connections.
    private ulong _sum;

    /// <summary>How many there are.</summary>
    internal int Count { get; private set; }

    /// <summary>The inodes of the servers' sockets, each of one connection.</summary>
    internal ReadOnlySpan<uint> Inodes => _inodes.AsSpan(0, Count);

    /// <summary>The port and the client of each, in the same order; empty unless they are kept.</summary>
    internal ReadOnlySpan<PortAndClient> Clients => KeepsClients ? _clients.AsSpan(0, Count) : [];

    /// <summary>Whether ports and clients are kept, too. This takes six times the memory, and is needed only where descriptors cannot be copied.</summary>
    internal bool KeepsClients { get; private set; }

    /// <summary>The sockets that listen: their inodes, with the local port.</summary>
    internal Dictionary<uint, ushort> Listeners { get; } = [];

    /// <summary>The users that created these sockets. The processes that hold them run as these users, unless a process has changed its user.</summary>
    internal IReadOnlySet<uint> Users => _users;

    /// <summary>The ports that have connections.</summary>
    internal IEnumerable<ushort> PortsInUse
    {
        get
        {
            for (int i = 0; i < ports.Length; i++)
            {
                if (_isInUse[i])
                {
                    yield return ports[i];
                }
            }
        }
    }

    /// <param name="socket">The server's end of an accepted connection.</param>
    /// <param name="portIndex">The index of its port in the watched ports.</param>
    /// <param name="client">The peer.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Add(InetSocket socket, int portIndex, InetAddress client)
    {
        int count = Count;
        if (count >= _inodes.Length)
        {
            Array.Resize(ref _inodes, 2 * count);
        }

        uint inode = socket.Inode;
        _inodes[count] = inode;
        Count = count + 1;
        // Fibonacci hashing: inodes are numbered in order, so that plain sums would be equal too often.
        ulong mixed = inode * 0x9E37_79B9_7F4A_7C15;
        _sum += mixed ^ (mixed >> 29);
        // Nearly all connections of a census have the same port and user.
        if (portIndex != _lastPortIndex || socket.UserId != _lastUser || KeepsClients)
        {
            AddDetails(socket, portIndex, client);
        }
    }

    internal void AddListener(InetSocket socket)
    {
        Listeners[socket.Inode] = socket.LocalPort;
        AddUser(socket.UserId);
    }

    /// <summary>Adds the listening sockets by a dump of them alone.</summary>
    internal void AddListeners(SockDiagClient client)
    {
        SocketQuery query = new(TcpStates.Listen, ports);
        do
        {
            foreach (InetSocket socket in client.Dump(query))
            {
                AddListener(socket);
            }
        }
        while (client.LastDumpIncomplete);
    }

    /// <summary>Takes over the connections of a former census, perhaps of other ports.</summary>
    internal void TakeOver(AcceptedSockets former)
    {
        (_inodes, _clients) = (former._inodes, former._clients);
        (Count, _sum, KeepsClients) = (former.Count, former._sum, former.KeepsClients);
    }

    /// <summary>Whether another census found the same connections.</summary>
    internal bool HasSameConnectionsAs(AcceptedSockets other) => Count == other.Count && _sum == other._sum;

    /// <param name="keepsClients">Whether to keep ports and clients this time.</param>
    internal void Clear(bool keepsClients)
    {
        if (_inodes.Length > Smallest && Count < _inodes.Length / 16)
        {
            _inodes = new uint[_inodes.Length / 2];
        }

        KeepsClients = keepsClients;
        if (!keepsClients)
        {
            _clients = [];
        }

        (Count, _sum, _lastUser, _lastPortIndex) = (0, 0, uint.MaxValue, -1);
        Array.Clear(_isInUse);
        _users.Clear();
        Listeners.Clear();
    }

    private void AddDetails(InetSocket socket, int portIndex, InetAddress client)
    {
        _lastPortIndex = portIndex;
        _isInUse[portIndex] = true;
        AddUser(socket.UserId);
        if (KeepsClients)
        {
            if (_clients.Length < _inodes.Length)
            {
                Array.Resize(ref _clients, _inodes.Length);
            }

            _clients[Count - 1] = new PortAndClient(ports[portIndex], client);
        }
    }

    private void AddUser(uint user)
    {
        if (user != _lastUser)
        {
            _users.Add(user);
            _lastUser = user;
        }
    }
}

/// <summary>The local port and the peer of an accepted connection.</summary>
internal readonly record struct PortAndClient(ushort Port, InetAddress Client);
