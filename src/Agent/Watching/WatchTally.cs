using System.Collections.Immutable;
using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>Counts for one watch what its clients hold, census after census.</summary>
internal sealed class WatchTally
{
    // The larger a batch, the more of what it looks up the caches hold; beyond this it takes their room itself.
    private const int SmallestBatch = 128;
    private const int LargestBatch = 2048;

    private readonly Watch _watch;
    private readonly ClientTally _clients = new();
    private TopClients _top;
    private PeakWindow? _peak;

    // The clients of the connections that came last and are not counted yet.
    private InetAddress[] _batch = new InetAddress[SmallestBatch];
    private int _waiting;

    /// <param name="watch">What is counted for.</param>
    /// <param name="time">For the peak; null where a census stands alone and there is none.</param>
    internal WatchTally(Watch watch, TimeProvider? time)
    {
        _watch = watch;
        _top = new TopClients(watch.ShownClients);
        _peak = time is null ? null : new PeakWindow(time);
    }

    internal ImmutableArray<ushort> Ports => _watch.Ports;

    /// <summary>Whether the other one counts for a watch of the same name and ports.</summary>
    internal bool IsSuccessorOf(WatchTally former) => _watch.Name == former._watch.Name && Ports.AsSpan().SequenceEqual(former.Ports.AsSpan());

    /// <summary>Takes over the peak of the last minute, and who was shown where as many are shown now.</summary>
    internal void TakeOver(WatchTally former)
    {
        _peak = former._peak ?? _peak;
        _top = _watch.ShownClients == former._watch.ShownClients ? former._top : _top;
    }

    internal void Clear()
    {
        _clients.Clear();
        _waiting = 0;
    }

    /// <summary>Counts a connection that is held.</summary>
    internal void Add(InetAddress client)
    {
        if (_waiting == _batch.Length)
        {
            MakeRoom();
        }

        _batch[_waiting++] = client;
    }

    /// <summary>Counts those that still wait for their batch to be full; called when all have come.</summary>
    /// <exception cref="InvalidOperationException">There are more clients than can be counted.</exception>
    internal void Complete()
    {
        _clients.Add(_batch.AsSpan(0, _waiting));
        _waiting = 0;
    }

    internal WatchCounts ToCounts() => new(
        _watch, _clients.Connections, _clients.Clients, _clients.Highest, _peak?.Add(_clients.Highest), _top.Choose(_clients));

    private void MakeRoom()
    {
        if (_waiting < LargestBatch)
        {
            Array.Resize(ref _batch, _waiting * 2);
        }
        else
        {
            Complete();
        }
    }
}
