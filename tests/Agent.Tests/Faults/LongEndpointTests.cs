using System.Net;
using Agent.Configuration;
using Agent.Hosting;
using Agent.Metrics;
using Agent.Watching;
using Agent.Watching.Latest;
using Microsoft.Extensions.Logging.Abstractions;
using Netlink;
using Netlink.SockDiag;
using Testing;

namespace Agent.Tests.Faults;

/// <summary>An hour of an agent with its endpoint, on a clock that the test sets: whatever a scrape took is given back.</summary>
[Collection(Alone.Name)]
public sealed class LongEndpointTests : IAsyncLifetime
{
    private const int Hour = 3_600;
    private const int ScrapesPerSecond = 28;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();
    private readonly FickleKernel _kernel;
    private readonly LatestCounts _latest;
    private readonly Supervisor _supervisor;
    private readonly Uri _metrics = new($"http://127.0.0.1:{FreePort.Next()}/metrics");
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });

    public LongEndpointTests()
    {
        _kernel = new FickleKernel(_time);
        _kernel.Is(Mood.Holding(5));
        _latest = new LatestCounts(_time);
        _supervisor = new Supervisor(_time, NullLogger<Supervisor>.Instance);
    }

    public async ValueTask InitializeAsync()
    {
        CensusPlace place = Assert.Single(_latest.Replace([new WatchedNamespace(null, null, [new Watch("consul", [8500])])], Interval));
        EndpointSettings settings = new(new ListenAddresses([IPEndPoint.Parse(_metrics.Authority)])) { RequestsPerMinute = 1_000_000 };
        EndpointContent content = new(
            _latest,
            () => new AgentFigures(_supervisor.Figures, null, _latest.Namespaces),
            () => throw new NotSupportedException("nobody asks for /configz"),
            _time);
        await _supervisor.ReplaceAsync(
        [
            new CensusTask(place, Interval, found => content.Record(place, found), _time, where => new Census(new SockDiagClient(OpenChannel, _time), where, _time, keepsPeaks: true)),
            new EndpointTask(settings, content, _time, NullLoggerFactory.Instance),
        ]);
        await Poll.Until(() => _supervisor.HasTurned && !_supervisor.Troubles.Any(), "it counts and listens");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _supervisor.StopAsync();
        _supervisor.Dispose();
    }

    [Fact]
    public void An_hour_and_a_hundred_thousand_scrapes_leave_nothing_behind() => Growth.IsNone(warmUp: Hour / 10, Hour, second =>
    {
        int censuses = _kernel.Requests;
        _time.Leap(Interval);
        Assert.True(SpinWait.SpinUntil(() => _kernel.Requests > censuses, Poll.Patience), "the next census is taken");
        for (int scrape = 0; scrape < ScrapesPerSecond; scrape++)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, _metrics);
            using HttpResponseMessage answer = _client.Send(request, TestContext.Current.CancellationToken);
            using StreamReader text = new(answer.Content.ReadAsStream(TestContext.Current.CancellationToken));
            Assert.Contains("\ntcp_connections{port=\"8500\",protocol=\"ipv4\"} 5\n", text.ReadToEnd());
        }
    });

    private INetlinkChannel OpenChannel() => _kernel.OpenChannel();
}
