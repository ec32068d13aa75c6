using System.Net;
using Agent.Configuration;
using Agent.Hosting;
using Agent.Metrics;
using Agent.Publishing.Http;
using Agent.Readings;
using Agent.Watching;
using Microsoft.Extensions.Logging.Abstractions;
using Netlink;
using Netlink.SockDiag;
using Testing;

namespace Agent.Tests.Faults;

/// <summary>An hour of an agent with its endpoint, on a clock that the test sets: scrapes release their resources.</summary>
[Collection(Alone.Name)]
public sealed class LongEndpointTests : IAsyncLifetime
{
    private const int Hour = 3_600;
    private const int ScrapesPerSecond = 28;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();
    private readonly ChangingKernel _kernel;
    private readonly Store _store;
    private readonly Supervisor _supervisor;
    private readonly Uri _metrics = new($"http://127.0.0.1:{FreePort.Next()}/metrics");
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });

    public LongEndpointTests()
    {
        _kernel = new ChangingKernel(_time);
        _kernel.Behave(KernelBehavior.Holding(5));
        _store = new Store(_time);
        _supervisor = new Supervisor(_time, NullLogger<Supervisor>.Instance);
    }

    public async ValueTask InitializeAsync()
    {
        WatchedNamespace main = new(null, null, [new Watch("consul", [8500])]);
        CensusSource census = new(_store, main, Interval, _time, NullLogger<CensusSource>.Instance, where => new Census(new SockDiagClient(OpenChannel, _time), where, _time, keepsPeaks: true));
        EndpointSettings settings = new(new ListenAddresses([IPEndPoint.Parse(_metrics.Authority)])) { RequestsPerMinute = 1_000_000 };
        EndpointContent content = new(
            _store,
            () => new AgentStatistics(_supervisor.Statistics, null, [main]),
            () => throw new NotSupportedException("the test does not request /configz"),
            _time);
        _store.Replace([census]);
        await _supervisor.ReplaceAsync([census, new EndpointPublisher(settings, content, _time, NullLoggerFactory.Instance)]);
        await Poll.Until(() => _supervisor.HasReported && !_supervisor.LastErrors.Any(), "the agent counts and listens");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _supervisor.StopAsync();
        _supervisor.Dispose();
    }

    [Fact]
    public void Hundred_thousand_scrapes_in_an_hour_release_their_resources() => ResourceGrowth.AssertNone(warmUp: Hour / 10, Hour, second =>
    {
        int censuses = _kernel.Requests;
        _time.Leap(Interval);
        Assert.True(SpinWait.SpinUntil(() => _kernel.Requests > censuses, Poll.Timeout), "the next census is taken");
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
