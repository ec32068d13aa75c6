using System.Net.Sockets;
using Agent.Platform;
using Agent.Publishing.Http;
using Testing;

namespace Agent.Tests.Publishing.Http;

/// <summary>Many clients, slow clients and hostile ones. The endpoint still serves others meanwhile.</summary>
public sealed class HostileTests
{
    private static readonly EndpointLimits Impatient = new()
    {
        Connections = 100,
        Silence = TimeSpan.FromSeconds(5),
        Headers = TimeSpan.FromSeconds(5),
        Grace = TimeSpan.FromSeconds(2),
        BytesPerSecond = 1 << 20,
    };

    // Hours, so that no timeout ends a connection.
    private static readonly EndpointLimits Patient = new()
    {
        Connections = 100,
        Silence = TimeSpan.FromHours(1),
        Headers = TimeSpan.FromHours(1),
        Grace = TimeSpan.FromHours(1),
    };

    private static readonly string Large = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"x{{i=\"{i:000000}\",text=\"{i:x60}\"}} {i}\n"));

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Thousand_concurrent_scrapes_from_many_addresses_all_get_the_whole_answer()
    {
        const int Scrapes = 1000;
        Requires.That(DescriptorLimit.Read("/proc/self") > 4 * Scrapes, "this process may not have the descriptors for a thousand connections: ulimit -n");
        string metrics = string.Concat(Enumerable.Range(0, 2_000).Select(i => $"x{{i=\"{i}\"}} {i}\n"));
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(
            new FakeContent { Metrics = _ => metrics }, limits: Patient with { Connections = 2 * Scrapes });
        List<Socket> sockets = [];
        try
        {
            for (int i = 0; i < Scrapes; i++)
            {
                sockets.Add(await endpoint.Connect($"127.1.{i % 50}.1"));
            }

            string[] answers = await Task.WhenAll(sockets.Select(async socket =>
            {
                await RawHttp.Send(socket, RawHttp.Scrape);
                return await RawHttp.ReadToEnd(socket);
            }));
            Assert.All(answers, answer =>
            {
                Assert.StartsWith("HTTP/1.1 200 OK\r\n", answer);
                Assert.True(metrics == answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..], "an answer is not whole");
            });
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task Client_that_does_not_read_is_disconnected()
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(new FakeContent { Metrics = _ => Large }, limits: Impatient);
        using Socket slow = await endpoint.Connect("127.0.0.2");
        await RawHttp.Send(slow, RawHttp.Scrape);
        await Poll.Until(() => slow.Available > 0, "the answer has begun");
        await StillServes(endpoint);
        await Poll.Until(() => (int)slow.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! != 0, "the connection is reset");
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET /metr")]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ")]
    public async Task Client_that_does_not_finish_its_request_is_disconnected(string begin)
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(limits: Impatient);
        using Socket slow = await endpoint.Connect("127.0.0.2");
        await RawHttp.Send(slow, begin);
        await StillServes(endpoint);
        string answer = await RawHttp.ReadToEnd(slow);
        Assert.True(answer == "" || answer.StartsWith("HTTP/1.1 408 ", StringComparison.Ordinal), answer);
    }

    [Fact]
    public async Task Connections_of_one_client_are_limited()
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(limits: Patient with { ConnectionsOfClient = 3 });
        using Socket first = await RawHttp.Enter(endpoint, "127.0.0.2");
        using Socket second = await RawHttp.Enter(endpoint, "127.0.0.2");
        using Socket third = await RawHttp.Enter(endpoint, "127.0.0.2");
        Assert.Equal("", await RawHttp.Ask(endpoint, RawHttp.Scrape, from: "127.0.0.2"));
        await StillServes(endpoint);
        second.Close();
        await Poll.Until(
            async () => (await RawHttp.Ask(endpoint, RawHttp.Scrape, from: "127.0.0.2")).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal),
            "there is room for another one");
    }

    [Fact]
    public async Task Connections_of_all_clients_are_limited()
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(limits: Patient with { Connections = 4 });
        List<Socket> silent = [];
        for (int i = 1; i <= 4; i++)
        {
            silent.Add(await RawHttp.Enter(endpoint, $"127.0.1.{i}"));
        }

        Assert.Equal("", await RawHttp.Ask(endpoint, RawHttp.Scrape));
        Assert.Equal("", await RawHttp.Ask(endpoint, RawHttp.Scrape));
        silent.ForEach(socket => socket.Dispose());
        await Poll.Until(() => endpoint.Log.Count == 3, "there is room again");
        await StillServes(endpoint);
        Assert.Equal(
            [
                "Warning: the endpoint has reached its limit of 4 connections and closes new ones at once",
                "Information: the endpoint accepts connections again; 2 are open",
            ],
            endpoint.Log.Skip(1));
    }

    [Theory]
    [InlineData("GET /{0} HTTP/1.1\r\nHost: x\r\n\r\n", 5_000, "414")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nX: {0}\r\n\r\n", 9_000, "431")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n{0}\r\n\r\n", -100, "431")]
    [InlineData("GET / HTTP/1.1\r\n\r\n", 0, "400")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 0, "400")]
    [InlineData("\u0016\u0003\u0001{0}\r\n\r\n", 200, "400")]
    [InlineData("GET / HTTP/9.9\r\nHost: x\r\n\r\n", 0, "505")]
    public async Task Request_that_is_too_large_or_not_HTTP_is_rejected(string request, int size, string status)
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start();
        string filler = size < 0 ? string.Join("\r\n", Enumerable.Range(0, -size).Select(i => $"X{i}: 1")) : new string('x', size);
        string answer = await RawHttp.Ask(endpoint, request.Replace("{0}", filler, StringComparison.Ordinal));
        Assert.StartsWith($"HTTP/1.1 {status} ", answer);
        await StillServes(endpoint);
        Assert.Single(endpoint.Log);
    }

    [Fact]
    public async Task Unfinished_answer_is_completed_when_the_endpoint_stops()
    {
        using ManualResetEventSlim rendering = new();
        using ManualResetEventSlim go = new();
        FakeContent content = new()
        {
            Metrics = _ =>
            {
                rendering.Set();
                Assert.True(go.Wait(TimeSpan.FromSeconds(30)));
                return Large;
            },
        };
        RunningEndpoint endpoint = await RunningEndpoint.Start(content, limits: Patient with { Stopping = TimeSpan.FromMinutes(1) });
        Task<string> answer = RawHttp.Ask(endpoint, RawHttp.Scrape);
        await Poll.Until(() => rendering.IsSet, "the request is in flight");
        Task stopped = endpoint.Stop();
        await Poll.Until(() => !Listening.At(endpoint.Address), "it listens no longer");
        Assert.False(stopped.IsCompleted);
        go.Set();
        Assert.True((await answer).EndsWith(Large, StringComparison.Ordinal), "the answer is not whole");
        await stopped;
    }

    [Fact]
    public async Task Client_that_does_not_read_does_not_delay_the_stop()
    {
        RunningEndpoint endpoint = await RunningEndpoint.Start(new FakeContent { Metrics = _ => Large }, limits: Patient);
        using Socket slow = await endpoint.Connect();
        await RawHttp.Send(slow, RawHttp.Scrape);
        using Socket idle = await endpoint.Connect();
        await Poll.Until(() => slow.Available > 0, "the answer has begun");
        await endpoint.Stop().WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
        Assert.True((await RawHttp.ReadToEnd(slow)).Length < Large.Length);
        Assert.Equal("", await RawHttp.ReadToEnd(idle));
        Assert.Single(endpoint.Log);
    }

    private static async Task StillServes(RunningEndpoint endpoint)
    {
        string answer = await RawHttp.Ask(endpoint, RawHttp.Scrape.Replace("/metrics", "/health", StringComparison.Ordinal), from: "127.0.0.9");
        Assert.EndsWith("\r\n\r\nalive\n", answer);
    }
}
