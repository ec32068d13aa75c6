using System.Collections.Immutable;
using Netlink;
using Netlink.SockDiag;
using Netlink.SockDiag.Filters;

namespace Agent.Watching;

/// <summary>One walk of the kernel's table that counts for all watches of a network namespace.</summary>
internal sealed class Census : IDisposable
{
    private readonly string? _netns;
    private readonly SockDiagClient _client;
    private readonly SocketQuery _query;
    private readonly WatchTally[] _watches;
    private readonly PortTally _ports;
    private readonly TimeProvider _time;
    private DateTimeOffset? _lastSuccess;

    /// <param name="where">Where and what for.</param>
    /// <param name="time">Measures the census.</param>
    /// <param name="keepsPeaks">Whether peaks are reckoned over the last minute; not for a census that stands alone.</param>
    /// <param name="filter">What else a socket is to satisfy, to be counted at all; null for nothing.</param>
    internal Census(
        WatchedNamespace where, TimeProvider time, bool keepsPeaks, SocketFilter? filter = null)
        : this(new SockDiagClient(where.Namespace), where, time, keepsPeaks, filter)
    {
    }

    /// <summary>A census that asks the kernel with this client, and disposes of it.</summary>
    internal Census(
        SockDiagClient client,
        WatchedNamespace where,
        TimeProvider time,
        bool keepsPeaks,
        SocketFilter? filter = null)
    {
        _netns = where.Label;
        _client = client;
        _query = QueryOf(where, filter);
        _watches = [.. where.Watches.Select(watch => new WatchTally(watch, keepsPeaks ? time : null))];
        _ports = new PortTally(_query.LocalPorts, _watches);
        _time = time;
    }

    /// <summary>What is asked of the kernel in a namespace.</summary>
    internal static SocketQuery QueryOf(WatchedNamespace where, SocketFilter? filter) =>
        new(TcpStates.Established | TcpStates.CloseWait | TcpStates.Listen, filter, where.Ports);

    /// <summary>Why the census that was taken last could not count; null when it could.</summary>
    internal Exception? Failure { get; private set; }

    /// <summary>Takes over what another census of the namespace remembers: of watches that both have, the peaks and who was shown.</summary>
    internal void TakeOver(Census former)
    {
        _lastSuccess = former._lastSuccess;
        foreach (WatchTally watch in _watches)
        {
            if (Array.Find(former._watches, watch.IsSuccessorOf) is { } known)
            {
                watch.TakeOver(known);
            }
        }
    }

    /// <summary>Counts. Whatever goes wrong is in what it returns, and the next census starts afresh.</summary>
    internal NamespaceCounts Take()
    {
        Failure = null;
        long begun = _time.GetTimestamp();
        try
        {
            Count();
        }
        catch (Exception failure)
        {
            // Every exception: not only the two of Netlink mean that nothing was measured.
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
            Ports = _ports.ToCounts(),
            Watches = ToWatchCounts(),
        };
    }

    public void Dispose() => _client.Dispose();

    private void Count()
    {
        do
        {
            _ports.Clear();
            Array.ForEach(_watches, watch => watch.Clear());
            foreach (InetSocket socket in _client.Dump(_query))
            {
                _ports.Add(socket);
            }
        }
        while (_client.LastDumpIncomplete);

        Array.ForEach(_watches, watch => watch.Complete());
    }

    private ImmutableArray<WatchCounts> ToWatchCounts()
    {
        ImmutableArray<WatchCounts>.Builder counts = ImmutableArray.CreateBuilder<WatchCounts>(_watches.Length);
        foreach (WatchTally watch in _watches)
        {
            counts.Add(watch.ToCounts());
        }

        return counts.MoveToImmutable();
    }
}
