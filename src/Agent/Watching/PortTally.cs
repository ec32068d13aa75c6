using System.Collections.Immutable;
using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>Counts the sockets of one dump per local port. Reused from census to census; nothing is allocated per socket.</summary>
internal sealed class PortTally
{
    private readonly ushort[] _ports;
    private readonly Counters[] _counters;

    // By local port: index into _counters plus one, 0 for a port that is not watched. 128 KiB that make each socket cost one look.
    private readonly ushort[] _indexByPort = new ushort[ushort.MaxValue + 1];

    internal PortTally(IEnumerable<ushort> ports)
    {
        _ports = [.. ports.Distinct().Order()];
        _counters = new Counters[_ports.Length];
        for (int i = 0; i < _ports.Length; i++)
        {
            _indexByPort[_ports[i]] = (ushort)(i + 1);
        }
    }

    internal void Clear() => Array.Clear(_counters);

    internal void Add(InetSocket socket)
    {
        int index = _indexByPort[socket.LocalPort] - 1;
        if (index < 0)
        {
            return;
        }

        ref Counters counters = ref _counters[index];
        switch (socket.State)
        {
            case TcpState.Established:
                counters.AddConnection(socket);
                break;
            case TcpState.Listen:
                counters.AddListener(socket);
                break;
            default:
                // Selected in one of these states and copied a moment later in another one.
                break;
        }
    }

    internal ImmutableArray<PortCounts> ToCounts()
    {
        ImmutableArray<PortCounts>.Builder counts = ImmutableArray.CreateBuilder<PortCounts>(_ports.Length);
        for (int i = 0; i < _ports.Length; i++)
        {
            counts.Add(_counters[i].ToCounts(_ports[i]));
        }

        return counts.MoveToImmutable();
    }

    private struct Counters
    {
        private long _ipv4;
        private long _ipv6;
        private long _unaccepted;
        private bool _listening;
        private AcceptQueue _acceptQueue;

        internal void AddConnection(InetSocket socket)
        {
            // The peer's address and not the socket's family: a dual-stack listener has its IPv4 clients on IPv6 sockets.
            if (socket.PeerAddress.IsIPv4)
            {
                _ipv4++;
            }
            else
            {
                _ipv6++;
            }

            if (socket.Inode == 0)
            {
                _unaccepted++;
            }
        }

        internal void AddListener(InetSocket socket)
        {
            _listening = true;
            _acceptQueue += new AcceptQueue(socket.ReceiveQueue, socket.SendQueue);
        }

        internal readonly PortCounts ToCounts(ushort port) => new(port, _ipv4, _ipv6, _unaccepted, _listening ? _acceptQueue : null);
    }
}
