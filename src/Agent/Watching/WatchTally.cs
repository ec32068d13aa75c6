using System.Collections.Immutable;
using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>Counts for one watch what its clients hold, census after census.</summary>
internal sealed class WatchTally
{
    private readonly Watch _watch;
    private readonly Func<Watch, ClientLimit> _limitOf;
    private readonly ClientTally _clients = new();
    private readonly TopClients _top;
    private readonly PeakWindow? _peak;

    /// <param name="watch">What is counted for.</param>
    /// <param name="limitOf">Tells the limit that is in force now.</param>
    /// <param name="time">For the peak; null where a census stands alone and there is none.</param>
    internal WatchTally(Watch watch, Func<Watch, ClientLimit> limitOf, TimeProvider? time)
    {
        _limitOf = limitOf;
        _watch = watch;
        _top = new TopClients(watch.ShownClients);
        _peak = time is null ? null : new PeakWindow(time);
    }

    internal ImmutableArray<ushort> Ports => _watch.Ports;

    internal void Clear() => _clients.Clear();

    internal void Add(InetSocket socket) => _clients.Add(socket.PeerAddress);

    internal WatchCounts ToCounts()
    {
        int highest = 0;
        foreach (ClientCount client in _clients)
        {
            highest = Math.Max(highest, client.Held);
        }

        return new WatchCounts(_watch, _clients.Connections, _clients.Clients, highest, _peak?.Add(highest), _top.Choose(_clients)) { Limit = _limitOf(_watch) };
    }
}
