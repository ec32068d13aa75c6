using System.Collections.Immutable;
using Netlink;
using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>
/// Adds up what the listening sockets of each watched port have dropped. The kernel counts per socket, and the count goes with the socket. This class
/// adds the growth of each socket's count, so that a listener that closes does not reset the sum.
/// </summary>
internal sealed class ListenDrops
{
    private readonly SocketQuery? _query;
    private readonly Dictionary<ushort, PortDrops> _ports;

    // The count of each listener by its cookie, at this look and at the one before.
    private Dictionary<ulong, uint> _before = [];
    private Dictionary<ulong, uint> _now = [];

    /// <param name="ports">The watched ports in rising order, without duplicates.</param>
    internal ListenDrops(ImmutableArray<ushort> ports)
    {
        _query = ports.IsEmpty ? null : SocketQuery.OfListenersWithDrops(ports);
        _ports = ports.ToDictionary(port => port, _ => new PortDrops());
    }

    /// <summary>The ports whose drops are added up.</summary>
    internal IEnumerable<ushort> Ports => _ports.Keys;

    /// <summary>Continues the sums of the ports that both have.</summary>
    internal void TakeOver(ListenDrops former)
    {
        _before = former._before;
        foreach ((ushort port, PortDrops drops) in former._ports)
        {
            if (_ports.ContainsKey(port))
            {
                _ports[port] = drops;
            }
        }
    }

    /// <summary>Looks at the listening sockets, if the census has seen one, and adds the drops to its counts.</summary>
    /// <param name="client">A client in the network namespace.</param>
    /// <param name="counts">The counts of the ports.</param>
    internal ImmutableArray<PortCounts> AddTo(SockDiagClient client, ImmutableArray<PortCounts> counts)
    {
        bool listens = counts.Any(port => port.AcceptQueue is not null);
        if (!TryLook(client, listens))
        {
            return counts;
        }

        return listens ? [.. counts.Select(port => port with { Drops = port.AcceptQueue is null ? null : _ports[port.Port].Sum })] : counts;
    }

    /// <returns>False if the kernel refused. Only the drops are unknown then; the next look adds what was missed.</returns>
    private bool TryLook(SockDiagClient client, bool listens)
    {
        try
        {
            do
            {
                _now.Clear();
                foreach (PortDrops port in _ports.Values)
                {
                    port.Begin();
                }

                if (listens)
                {
                    AddListeners(client);
                }
            }
            while (listens && client.LastDumpIncomplete);
        }
        catch (Exception refused) when (refused is NetlinkException or MalformedMessageException)
        {
            return false;
        }

        foreach (PortDrops port in _ports.Values)
        {
            port.End();
        }

        (_before, _now) = (_now, _before);
        return true;
    }

    private void AddListeners(SockDiagClient client)
    {
        foreach (InetSocket socket in client.Dump(_query!))
        {
            if (socket.State != TcpState.Listen || !_ports.TryGetValue(socket.LocalPort, out PortDrops? port))
            {
                // The socket changed its state or port after the kernel had selected it.
                continue;
            }

            if (socket.Drops is { } drops)
            {
                _now[socket.Cookie] = drops;
                port.Add(drops, _before.TryGetValue(socket.Cookie, out uint before) ? before : null);
            }
            else
            {
                port.IsUnknown = true;
            }
        }
    }

    private sealed class PortDrops
    {
        private bool _hasBegun;
        private long _sum;
        private long _growth;

        /// <summary>Whether the kernel did not report the count of a listener.</summary>
        internal bool IsUnknown { get; set; }

        internal long? Sum => IsUnknown ? null : _sum;

        internal void Begin()
        {
            IsUnknown = false;
            _growth = 0;
        }

        /// <param name="drops">The count of a listener.</param>
        /// <param name="before">Its count at the last look; null if it is new.</param>
        internal void Add(uint drops, uint? before)
        {
            // A listener of the first look may be old, and its count begins before the agent. A later one was opened since the last look.
            uint start = before ?? (_hasBegun ? 0 : drops);
            _growth += unchecked(drops - start);
        }

        internal void End()
        {
            _hasBegun = true;
            _sum += _growth;
        }
    }
}
