using System.Collections.Immutable;
using Netlink;
using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>One walk of the kernel's table that counts for all watches of a network namespace.</summary>
internal sealed class Census : IDisposable
{
    private readonly SockDiagClient _client;
    private readonly SocketQuery _query;
    private readonly WatchTally[] _watches;
    private readonly PortTally _ports;
    private readonly TimeProvider _time;
    private DateTimeOffset? _lastSuccess;

    /// <param name="client">Asks the kernel; the census disposes of it.</param>
    /// <param name="watches">What is counted for.</param>
    /// <param name="time">Measures the census.</param>
    /// <param name="keepsPeaks">Whether peaks are reckoned over the last minute; not for a census that stands alone.</param>
    internal Census(SockDiagClient client, IReadOnlyCollection<Watch> watches, TimeProvider time, bool keepsPeaks)
    {
        _client = client;
        _query = new SocketQuery(
            TcpStates.Established | TcpStates.CloseWait | TcpStates.Listen, watches.SelectMany(watch => watch.Ports));
        _watches = [.. watches.Select(watch => new WatchTally(watch, keepsPeaks ? time : null))];
        _ports = new PortTally(_watches);
        _time = time;
    }

    /// <summary>Counts. Whatever goes wrong is in the snapshot, and the next census starts afresh.</summary>
    internal Snapshot Take()
    {
        long begun = _time.GetTimestamp();
        try
        {
            Count();
        }
        catch (Exception failure)
        {
            // Every exception: not only the two of Netlink mean that nothing was measured.
            return new Snapshot
            {
                Duration = _time.GetElapsedTime(begun),
                LastSuccess = _lastSuccess,
                Failure = failure is NetlinkException or MalformedMessageException ? failure.Message : $"the census failed: {failure.Message}",
            };
        }

        _lastSuccess = _time.GetUtcNow();
        return new Snapshot
        {
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
