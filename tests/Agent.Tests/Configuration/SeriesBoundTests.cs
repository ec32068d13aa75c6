using System.Collections.Immutable;
using System.Text;
using Agent.Configuration;
using Agent.Limits;
using Agent.Limits.Consul;
using Agent.Metrics;
using Agent.Metrics.Endpoint;
using Agent.Tests.Readings;
using Agent.Watching;
using Netlink;
using Netlink.SockDiag;
using Prometheus;

namespace Agent.Tests.Configuration;

/// <summary>The bound equals the number of series of an agent that has every series.</summary>
public sealed class SeriesBoundTests
{
    private static readonly BuildInformation Build = new("1.2.3", "abc");
    private static readonly string[] TaskNames = ["census", "census of x", "limit", "textfile", "endpoint", "reload", "service manager"];
    private static readonly string[] ErrorTypes =
        ["timeout", "netlink", "malformed", "limit", "configuration", "endpoint", "ended", "access", "socket", "io", "other"];

    private static readonly ImmutableArray<WatchedNamespace> Namespaces =
    [
        new(null, null, [new Watch("a", [1, 2]), new Watch("b", [2, 3]) { ShownClients = 25, TotalLimit = new TotalLimit(1, "x"), UnixSockets = ["/a", "/b"] }, new Watch("u", []) { UnixSockets = ["/b", "/c"] }]),
        new(NetworkNamespace.Parse("x"), "x", [new Watch("c", [1]) { LimitFrom = new ConsulEndpoint(new Uri("http://127.0.0.1:8500")) }]),
    ];

    public SeriesBoundTests()
    {
        // The runtime publishes metrics of the last garbage collection.
        GC.Collect();
    }

    [Fact]
    public void Bound_is_the_number_of_series_in_the_textfile() =>
        Assert.Equal(SeriesBound.Count(Namespaces), CountSamples(new SnapshotExposition(Build).Render(FullSnapshot()).Span));

    [Fact]
    public void Bound_is_the_number_of_series_at_the_endpoint()
    {
        AgentStatistics statistics = new(
            [.. TaskNames.Select(name => new TaskStatistics(name, IsRunning: true, Starts: 1, Pairs("failure", "reload"), Pairs(ErrorTypes)))],
            new ReloadStatistics(true, DateTimeOffset.UnixEpoch),
            Namespaces);
        Assert.Equal(
            SeriesBound.CountAtEndpoint(Namespaces),
            CountSamples(new EndpointExposition(Build, FakeSource.StoreOf(FullSnapshot(), TimeProvider.System), () => statistics, TimeProvider.System).Render(ExpositionFormat.OpenMetricsText).Text.Span));
    }

    private static Snapshot FullSnapshot() => new([.. Namespaces.Select(where => new NamespaceCounts
    {
        Netns = where.Label,
        Duration = TimeSpan.Zero,
        LastSuccess = DateTimeOffset.UnixEpoch,
        Ports = [.. where.Ports.Distinct().Select(port => new PortCounts(port, 1, 1, 1, new AcceptQueue(1, 1)) { Dead = 1, Drops = 1 })],
        UnixSockets =
        [
            .. where.Watches.SelectMany(watch => watch.UnixSockets).Distinct().Select(path => new UnixSocketCounts(path, 1, new AcceptQueue(1, 1))),
        ],
        Watches =
        [
            .. where.Watches.Select(watch => new WatchCounts(watch, Held: 1, Clients: 1, Highest: 1, Peak: 1, Clients(watch.ShownClients))
            {
                OpenFiles = new OpenFiles(1, 1, 1),
                Limit = new ClientLimit(1, "x") { Refusal = watch.LimitFrom is null ? Refusal.Unknown : Refusal.No },
            }),
        ],
    })]);

    private static ImmutableArray<ClientCount> Clients(int count) =>
        [.. Enumerable.Range(1, count).Select(i => new ClientCount(new Client(InetAddress.FromIPv4([192, 0, 2, (byte)i])), 1))];

    private static ImmutableArray<KeyValuePair<string, long>> Pairs(params string[] names) =>
        [.. names.Select(name => KeyValuePair.Create(name, 1L))];

    private static int CountSamples(ReadOnlySpan<byte> exposition) =>
        Encoding.UTF8.GetString(exposition).Split('\n').Count(line => line.Length > 0 && line[0] != '#');
}
