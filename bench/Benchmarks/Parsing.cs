using Agent.Watching;
using Agent.Watching.Dead;
using BenchmarkDotNet.Attributes;
using Netlink.SockDiag;

namespace Benchmarks;

/// <summary>Turns a full datagram into counts. Each result is the cost for one socket.</summary>
[MemoryDiagnoser]
public class Parsing : IDisposable
{
    private readonly ReplayedDump _kernel = new();
    private readonly SockDiagClient _client;
    private readonly SocketQuery _query = new(TcpStates.Established | TcpStates.CloseWait | TcpStates.Listen, 8500);
    private readonly WatchTally _watch = new(new Watch("consul", [8500]), time: null);
    private readonly PortTally _tally;
    private readonly byte[] _buffer = new byte[DumpBuffer];

    private const int DumpBuffer = 32 * 1024;

    /// <summary>Connects the client to the replayed kernel.</summary>
    public Parsing()
    {
        _client = new SockDiagClient(() => _kernel, TimeProvider.System);
        _tally = new PortTally([8500], [_watch], new DeadConnections([8500], filter: null, TimeProvider.System));
    }

    /// <summary>The cost of the replay itself, which the other two include.</summary>
    [Benchmark(Baseline = true, OperationsPerInvoke = ReplayedDump.Sockets)]
    public int Replay()
    {
        _kernel.Send(_query.BothFamilies);
        return _kernel.Receive(_buffer, out _) + _kernel.Receive(_buffer, out _);
    }

    /// <summary>Reads and checks each message once.</summary>
    [Benchmark(OperationsPerInvoke = ReplayedDump.Sockets)]
    public int Dump()
    {
        int count = 0;
        foreach (InetSocket _ in _client.Dump(_query))
        {
            count++;
        }

        return Checked(count);
    }

    /// <summary>Does the same, and counts per port and IP version and per client.</summary>
    [Benchmark(OperationsPerInvoke = ReplayedDump.Sockets)]
    public int DumpAndTally()
    {
        int count = 0;
        _tally.Clear();
        _watch.Clear();
        foreach (InetSocket socket in _client.Dump(_query))
        {
            _tally.Add(socket);
            count++;
        }

        _watch.Complete();
        return Checked(count);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        GC.SuppressFinalize(this);
    }

    private static int Checked(int count) =>
        count == ReplayedDump.Sockets ? count : throw new InvalidOperationException($"{count} sockets of {ReplayedDump.Sockets} were read");
}
