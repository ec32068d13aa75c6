using System.Collections.Immutable;
using Agent.Watching.Dead;
using Netlink;
using Netlink.SockDiag;
using Netlink.SockDiag.Filters;

namespace Agent.Watching;

/// <summary>Counts the connections of all watches of a network namespace in one walk of the kernel's table.</summary>
internal sealed class Census : IDisposable
{
    private readonly string? _netns;
    private readonly SockDiagClient _client;

    // Null where no watch has ports: a query without ports would select every port.
    private readonly SocketQuery? _query;
    private readonly WatchTally[] _watches;
    private readonly PortTally _ports;
    private readonly DeadConnections _dead;
    private readonly UnixSocketTally? _unixSockets;
    private readonly ListenDrops? _drops;
    private readonly TimeProvider _time;
    private DateTimeOffset? _lastSuccess;

    /// <param name="where">The namespace and its watches.</param>
    /// <param name="time">The clock.</param>
    /// <param name="keepsPeaks">Whether to keep what several censuses make: the peak of the last minute, and the drops; not for a single census.</param>
    /// <param name="filter">A further condition for sockets to be counted; null for none. With one, unix sockets are not counted: none can match it.</param>
    internal Census(
        WatchedNamespace where, TimeProvider time, bool keepsPeaks, SocketFilter? filter = null)
        : this(new SockDiagClient(where.Namespace), where, time, keepsPeaks, filter)
    {
    }

    /// <summary>A census with a given client, which it disposes of.</summary>
    internal Census(
        SockDiagClient client,
        WatchedNamespace where,
        TimeProvider time,
        bool keepsPeaks,
        SocketFilter? filter = null)
    {
        _netns = where.Label;
        _client = client;
        _query = where.Ports.Any() ? QueryOf(where, filter) : null;
        _watches = [.. where.Watches.Select(watch => new WatchTally(watch, keepsPeaks ? time : null))];
        _dead = new DeadConnections(_query?.LocalPorts ?? [], filter, time);
        _ports = new PortTally(_query?.LocalPorts ?? [], _watches, _dead);
        _unixSockets = filter is null ? UnixSocketTally.Of(where.Watches) : null;
        _drops = keepsPeaks && _query is not null ? new ListenDrops(_query.LocalPorts) : null;
        _time = time;
    }

    /// <summary>The query for TCP sockets to the kernel, for watches with ports.</summary>
    internal static SocketQuery QueryOf(WatchedNamespace where, SocketFilter? filter) =>
        new(TcpStates.Established | TcpStates.CloseWait | TcpStates.Listen, filter, where.Ports);

    /// <summary>Why the last census failed; null if it succeeded.</summary>
    internal Exception? Failure { get; private set; }

    /// <summary>
    /// Takes over the state of another census of the namespace: the peaks and shown clients of watches, and the drops of ports, that both have.
    /// </summary>
    internal void TakeOver(Census former)
    {
        _lastSuccess = former._lastSuccess;
        _dead.TakeOver(former._dead);
        if (_drops is not null && former._drops is not null)
        {
            _drops.TakeOver(former._drops);
        }

        foreach (WatchTally watch in _watches)
        {
            if (Array.Find(former._watches, watch.IsSuccessorOf) is { } known)
            {
                watch.TakeOver(known);
            }
        }
    }

    /// <summary>Takes a census. A failure is in the result; the next census starts afresh.</summary>
    internal NamespaceCounts Take()
    {
        Failure = null;
        long begun = _time.GetTimestamp();
        ImmutableArray<PortCounts> ports;
        try
        {
            Count();
            ports = _drops is null ? _ports.ToCounts() : _drops.AddTo(_client, _ports.ToCounts());
        }
        catch (Exception failure)
        {
            // Every exception: after any failure nothing was measured.
            Failure = failure;
            return new NamespaceCounts
            {
                Netns = _netns,
                Duration = _time.GetElapsedTime(begun),
                LastSuccess = _lastSuccess,
                Failure = failure is NetlinkException or MalformedMessageException ? failure.Message : $"the census failed: {failure.Message}",
            };
        }

        _lastSuccess = _time.GetUtcNow();
        return new NamespaceCounts
        {
            Netns = _netns,
            Duration = _time.GetElapsedTime(begun),
            LastSuccess = _lastSuccess,
            Ports = ports,
            UnixSockets = _unixSockets?.ToCounts() ?? [],
            Watches = ToWatchCounts(),
            DeadProblem = _dead.Visibility.Problem ?? _watches.Select(watch => watch.UnixProblem).FirstOrDefault(problem => problem is not null),
            DeadAge = _dead.Age,
        };
    }

    public void Dispose() => _client.Dispose();

    private void Count()
    {
        do
        {
            _ports.Clear();
            Array.ForEach(_watches, watch => watch.Clear());
            if (_query is null)
            {
                break;
            }

            foreach (InetSocket socket in _client.Dump(_query))
            {
                _ports.Add(socket);
            }
        }
        while (_client.LastDumpIncomplete);

        Array.ForEach(_watches, watch => watch.Complete());
        if (_query is not null)
        {
            _dead.Update(_client);
            _ports.AddDead();
        }

        if (_unixSockets is not null)
        {
            _unixSockets.Count(_client);
            foreach (WatchTally watch in _watches)
            {
                watch.Add(_unixSockets);
            }
        }
    }

    private ImmutableArray<WatchCounts> ToWatchCounts()
    {
        ImmutableArray<WatchCounts>.Builder counts = ImmutableArray.CreateBuilder<WatchCounts>(_watches.Length);
        foreach (WatchTally watch in _watches)
        {
            counts.Add(watch.ToCounts(_dead));
        }

        return counts.MoveToImmutable();
    }
}
