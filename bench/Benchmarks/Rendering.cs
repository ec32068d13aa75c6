using Agent.Metrics;
using Agent.Watching;
using BenchmarkDotNet.Attributes;

namespace Benchmarks;

/// <summary>Renders a snapshot as the text that Prometheus reads.</summary>
[MemoryDiagnoser]
public class Rendering
{
    private readonly SnapshotExposition _exposition = new(new BuildInformation("1.2.3", "0123456789abcdef"));
    private Snapshot? _snapshot;

    /// <summary>The number of watched ports.</summary>
    [Params(1, 100)]
    public int Ports { get; set; }

    /// <summary>Creates a snapshot like that of a busy host.</summary>
    [GlobalSetup]
    public void TakeSnapshot() => _snapshot = new Snapshot([new NamespaceCounts
    {
        Duration = TimeSpan.FromMicroseconds(64_321),
        LastSuccess = DateTimeOffset.UnixEpoch.AddMilliseconds(1_700_000_000_123),
        Ports = [.. Enumerable.Range(8500, Ports).Select(port => new PortCounts((ushort)port, 95_000, 123, 4, new AcceptQueue(4, 4096)))],
    }]);

    /// <summary>Renders the whole exposition.</summary>
    [Benchmark]
    public int Render() => _exposition.Render(_snapshot!).Length;
}
