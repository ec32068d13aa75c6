using System.Collections.Immutable;
using Agent.Watching.Dead;
using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>Counts the connections of one watch by client. Reused for each census.</summary>
internal sealed class WatchTally
{
    // A larger batch lets more lookups wait together. Beyond the largest, the batch itself would fill the caches.
    private const int SmallestBatch = 128;
    private const int LargestBatch = 2048;

    private readonly Watch _watch;
    private readonly ClientTally _clients = new();
    private TopClients _top;
    private PeakWindow? _peak;

    // The clients of connections that are not counted yet.
    private InetAddress[] _batch = new InetAddress[SmallestBatch];
    private int _waiting;
    private long _dead;

    /// <param name="watch">The watch.</param>
    /// <param name="time">The clock of the peak; null for a single census, which has no peak.</param>
    internal WatchTally(Watch watch, TimeProvider? time)
    {
        _watch = watch;
        _top = new TopClients(watch.ShownClients);
        _peak = time is null ? null : new PeakWindow(time);
    }

    /// <summary>Why connections of its unix sockets may be missing, in one line; null if none are.</summary>
    internal string? UnixProblem { get; private set; }

    internal ImmutableArray<ushort> Ports => _watch.Ports;

    /// <summary>Whether the other tally is of a watch of the same name, ports and unix sockets.</summary>
    internal bool IsSuccessorOf(WatchTally former) =>
        _watch.Name == former._watch.Name
        && Ports.Length == former.Ports.Length && Ports.All(former.Ports.Contains)
        && _watch.UnixSockets.Length == former._watch.UnixSockets.Length && _watch.UnixSockets.All(former._watch.UnixSockets.Contains);

    /// <summary>Takes over the peak of the last minute and, if as many clients are shown, the choice of clients.</summary>
    internal void TakeOver(WatchTally former)
    {
        _peak = former._peak ?? _peak;
        _top = _watch.ShownClients == former._watch.ShownClients ? former._top : _top;
    }

    internal void Clear()
    {
        _clients.Clear();
        _waiting = 0;
        _dead = 0;
    }

    /// <summary>Counts a held connection.</summary>
    internal void Add(InetAddress client)
    {
        if (_waiting == _batch.Length)
        {
            MakeRoom();
        }

        _batch[_waiting++] = client;
    }

    /// <summary>Counts a dead connection. It is held.</summary>
    internal void AddDead(Client client)
    {
        _clients.Add(client, held: 1, dead: 1);
        _dead++;
    }

    /// <summary>Counts the rest of the last batch, after the last connection.</summary>
    /// <exception cref="InvalidOperationException">There are more clients than can be counted.</exception>
    internal void Complete()
    {
        _clients.Add(_batch.AsSpan(0, _waiting));
        _waiting = 0;
    }

    /// <summary>Counts the connections to the watch's unix sockets, once in each census.</summary>
    internal void Add(UnixSocketTally unixSockets)
    {
        UnixProblem = unixSockets.ProblemOf(_watch.UnixSockets);
        if (unixSockets.AcceptedOf(_watch.UnixSockets) is > 0 and var accepted)
        {
            _clients.Add(Client.Unix, (int)Math.Min(accepted, int.MaxValue), dead: 0);
        }
    }

    /// <param name="dead">What the agent knows of the servers' processes.</param>
    internal WatchCounts ToCounts(DeadConnections dead) =>
        new(_watch, _clients.Connections, _clients.Clients, _clients.Highest, _peak?.Add(_clients.Highest), _top.Choose(_clients))
        {
            Dead = _dead > 0 || Ports.All(dead.Visibility.Sees) ? _dead : null,
            // While a look has to wait, connections that have died since are missing.
            IsMinimum = UnixProblem is not null || dead.Age is not null || !Ports.All(dead.Visibility.SeesAll),
            OpenFiles = dead.OpenFilesOf(Ports),
        };

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
