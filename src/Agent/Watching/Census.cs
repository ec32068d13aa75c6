using Netlink;
using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>One walk of the kernel's table that counts for all watches of a network namespace.</summary>
internal sealed class Census : IDisposable
{
    private readonly SockDiagClient _client;
    private readonly SocketQuery _query;
    private readonly PortTally _tally;
    private readonly TimeProvider _time;
    private DateTimeOffset? _lastSuccess;

    internal Census(SockDiagClient client, IReadOnlyCollection<Watch> watches, TimeProvider time)
    {
        ushort[] ports = [.. watches.SelectMany(watch => watch.Ports)];
        _client = client;
        _query = new SocketQuery(TcpStates.Established | TcpStates.Listen, ports);
        _tally = new PortTally(ports);
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
            Ports = _tally.ToCounts(),
        };
    }

    public void Dispose() => _client.Dispose();

    private void Count()
    {
        do
        {
            _tally.Clear();
            foreach (InetSocket socket in _client.Dump(_query))
            {
                _tally.Add(socket);
            }
        }
        while (_client.LastDumpIncomplete);
    }
}
