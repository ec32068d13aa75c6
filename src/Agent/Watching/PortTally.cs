using System.Collections.Immutable;
using Agent.Watching.Dead;
using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>
/// Counts the sockets of one dump per local port, and passes held connections to the watches of the port. Reused for each census; allocates
/// nothing per socket.
/// </summary>
internal sealed class PortTally
{
    private static readonly ushort[] NoneWatched = new ushort[256];

    private readonly ImmutableArray<ushort> _ports;
    private readonly DeadConnections _dead;
    private readonly Counters[] _counters;

    // By the upper and the lower byte of a local port: index into _counters plus one, 0 for a port that is not watched.
    private readonly ushort[][] _indexByPort = new ushort[256][];

    // By the same index: the watches of the port.
    private readonly WatchTally[][] _watches;

    /// <param name="ports">The ports of the watches, without duplicates.</param>
    /// <param name="watches">The watches.</param>
    /// <param name="dead">Finds the dead connections; it needs the sockets of the dump.</param>
    internal PortTally(ImmutableArray<ushort> ports, IReadOnlyCollection<WatchTally> watches, DeadConnections dead)
    {
        _ports = ports;
        _dead = dead;
        _counters = new Counters[_ports.Length];
        _watches = new WatchTally[_ports.Length][];
        Array.Fill(_indexByPort, NoneWatched);
        for (int i = 0; i < _ports.Length; i++)
        {
            ref ushort[] indexes = ref _indexByPort[_ports[i] >> 8];
            indexes = indexes == NoneWatched ? new ushort[256] : indexes;
            indexes[_ports[i] & 0xff] = (ushort)(i + 1);
            _watches[i] = [.. watches.Where(watch => watch.Ports.Contains(_ports[i]))];
        }
    }

    internal void Clear()
    {
        Array.Clear(_counters);
        _dead.Begin();
    }


    internal void Add(InetSocket socket)
    {
        int port = socket.LocalPort;
        int index = _indexByPort[port >> 8][port & 0xff] - 1;
        if (index < 0)
        {
            return;
        }

        // A connection without an inode has not been accepted, and takes no slot of the server's limit.
        bool isAccepted = socket.Inode != 0;
        switch (socket.State)
        {
            case TcpState.Established:
                InetAddress client = socket.PeerAddress;
                _counters[index].AddConnection(client, isAccepted);
                AddHeld(index, socket, client, isAccepted);
                break;
            case TcpState.CloseWait:
                // The client has closed the connection and the server has not: it still takes a slot.
                AddHeld(index, socket, socket.PeerAddress, isAccepted);
                break;
            case TcpState.Listen:
                _counters[index].AddListener(socket);
                _dead.Sockets.AddListener(socket);
                break;
            default:
                // The socket changed its state after the kernel had selected it.
                break;
        }
    }

    internal ImmutableArray<PortCounts> ToCounts()
    {
        ImmutableArray<PortCounts>.Builder counts = ImmutableArray.CreateBuilder<PortCounts>(_ports.Length);
        for (int i = 0; i < _ports.Length; i++)
        {
            counts.Add(_counters[i].ToCounts(_ports[i], _dead));
        }

        return counts.MoveToImmutable();
    }

    /// <summary>Adds the dead connections that were found after the dump.</summary>
    internal void AddDead()
    {
        foreach (DeadConnection found in _dead.Found)
        {
            int port = found.Ends.LocalPort;
            int index = _indexByPort[port >> 8][port & 0xff] - 1;
            _counters[index].AddDead();
            foreach (WatchTally watch in _watches[index])
            {
                watch.AddDead(new Client(found.Ends.Peer));
            }
        }
    }

    private void AddHeld(int index, InetSocket socket, InetAddress client, bool isAccepted)
    {
        if (!isAccepted)
        {
            return;
        }

        _dead.Sockets.Add(socket, index, client);
        foreach (WatchTally watch in _watches[index])
        {
            watch.Add(client);
        }
    }

    private struct Counters
    {
        private long _ipv4;
        private long _ipv6;
        private long _unaccepted;
        private long _deadConnections;
        private bool _listening;
        private AcceptQueue _acceptQueue;

        internal void AddConnection(InetAddress client, bool isAccepted)
        {
            // By the peer's address, not the socket's family: IPv4 clients of a dual-stack listener are on IPv6 sockets.
            if (client.IsIPv4)
            {
                _ipv4++;
            }
            else
            {
                _ipv6++;
            }

            if (!isAccepted)
            {
                _unaccepted++;
            }
        }

        internal void AddListener(InetSocket socket)
        {
            _listening = true;
            _acceptQueue += new AcceptQueue(socket.ReceiveQueue, socket.SendQueue);
        }

        internal void AddDead() => _deadConnections++;

        internal readonly PortCounts ToCounts(ushort port, DeadConnections dead) =>
            new(port, _ipv4, _ipv6, _unaccepted, _listening ? _acceptQueue : null) { Dead = dead.Visibility.CountOf(port, _deadConnections) };
    }
}
