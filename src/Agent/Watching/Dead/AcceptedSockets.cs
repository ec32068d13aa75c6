using Netlink.SockDiag;

namespace Agent.Watching.Dead;

/// <summary>
/// The accepted connections of one census, with their sockets' inodes, and the sockets that listen. Reused from census to census; nothing is
/// allocated per socket once it has grown.
/// </summary>
internal sealed class AcceptedSockets
{
    private const int Smallest = 64;

    private readonly HashSet<uint> _users = [];
    private AcceptedSocket[] _sockets = new AcceptedSocket[Smallest];
    private uint _lastUser = uint.MaxValue;

    // An order-independent fingerprint: two censuses with equal numbers of connections and equal sums have the same connections.
    private ulong _sum;

    /// <summary>How many there are.</summary>
    internal int Count { get; private set; }

    /// <summary>The sockets.</summary>
    internal ReadOnlySpan<AcceptedSocket> All => _sockets.AsSpan(0, Count);

    /// <summary>The sockets that listen: their inodes, with the local port.</summary>
    internal Dictionary<uint, ushort> Listeners { get; } = [];

    /// <summary>The users that created these sockets, and the processes that hold them unless they changed their user.</summary>
    internal IReadOnlySet<uint> Users => _users;

    internal void Add(InetSocket socket, ushort port, InetAddress client)
    {
        if (Count == _sockets.Length)
        {
            Array.Resize(ref _sockets, 2 * Count);
        }

        uint inode = socket.Inode;
        _sockets[Count++] = new AcceptedSocket(inode, port, client);
        // Fibonacci hashing: inodes are numbered in order, so that plain sums would be equal too often.
        ulong mixed = inode * 0x9E37_79B9_7F4A_7C15;
        _sum += mixed ^ (mixed >> 29);
        AddUser(socket.UserId);
    }

    internal void AddListener(InetSocket socket)
    {
        Listeners[socket.Inode] = socket.LocalPort;
        AddUser(socket.UserId);
    }

    /// <summary>Whether another census found the same connections.</summary>
    internal bool HasSameConnectionsAs(AcceptedSockets other) => Count == other.Count && _sum == other._sum;

    internal void Clear()
    {
        if (_sockets.Length > Smallest && Count < _sockets.Length / 16)
        {
            _sockets = new AcceptedSocket[_sockets.Length / 2];
        }

        (Count, _sum, _lastUser) = (0, 0, uint.MaxValue);
        _users.Clear();
        Listeners.Clear();
    }

    private void AddUser(uint user)
    {
        // Nearly all connections of a port have the same user.
        if (user != _lastUser)
        {
            _users.Add(user);
            _lastUser = user;
        }
    }
}

/// <summary>An accepted connection.</summary>
/// <param name="Inode">The inode of the server's socket.</param>
/// <param name="Port">The local port.</param>
/// <param name="Client">The peer.</param>
internal readonly record struct AcceptedSocket(uint Inode, ushort Port, InetAddress Client);
