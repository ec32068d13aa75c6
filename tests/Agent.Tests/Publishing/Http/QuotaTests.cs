using System.Net;
using Agent.Publishing.Http;
using Testing;

namespace Agent.Tests.Publishing.Http;

/// <summary>The quotas of requests per client.</summary>
public sealed class QuotaTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::")]
    public async Task Client_over_its_quota_is_rejected_and_others_are_served(string address)
    {
        Requires.That(System.Net.Sockets.Socket.OSSupportsIPv6 || address != "::", "there is no IPv6 here");
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(
            configure: settings => settings with { RequestsPerMinute = 1 }, address: IPAddress.Parse(address));
        using HttpClient hasty = endpoint.Client("127.0.0.2");
        using HttpClient other = endpoint.Client("127.0.0.3");
        Assert.Equal(HttpStatusCode.OK, await StatusOf(hasty, "/metrics"));
        foreach (string path in new[] { "/metrics", "/configz" })
        {
            using HttpResponseMessage refused = await hasty.GetAsync(path, Cancelled);
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        }

        Assert.Equal(HttpStatusCode.OK, await StatusOf(other, "/metrics"));
        foreach (string path in new[] { "/health", "/ready", "/" })
        {
            Assert.Equal(HttpStatusCode.OK, await StatusOf(hasty, path));
        }
    }

    [Theory]
    [InlineData("/health")]
    [InlineData("/ready")]
    [InlineData("/")]
    [InlineData("/nothing")]
    public async Task Flood_of_open_paths_is_rejected_and_scrapes_of_the_same_client_are_served(string path)
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(
            configure: settings => settings with { RequestsPerMinute = 2 }, limits: new EndpointLimits { Connections = 100, OpenRequestsPerMinute = 3 });
        using HttpClient flooding = endpoint.Client("127.0.0.2");
        using HttpClient other = endpoint.Client("127.0.0.3");
        for (int i = 0; i < 3; i++)
        {
            Assert.NotEqual(HttpStatusCode.TooManyRequests, await StatusOf(flooding, path));
        }

        using HttpResponseMessage refused = await flooding.GetAsync(path, Cancelled);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        using HttpRequestMessage withBody = new(HttpMethod.Post, path) { Content = new StringContent("x") };
        using HttpResponseMessage refusedBody = await flooding.SendAsync(withBody, Cancelled);
        Assert.Equal(HttpStatusCode.TooManyRequests, refusedBody.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await StatusOf(flooding, "/metrics"));
        Assert.NotEqual(HttpStatusCode.TooManyRequests, await StatusOf(other, path));
    }

    [Theory]
    [InlineData(1, 600)]
    [InlineData(600, 600)]
    [InlineData(700, 700)]
    public async Task Health_checks_have_the_quota_of_scrapes_and_at_least_600_a_minute(int requestsPerMinute, int allowed)
    {
        // The quota refills a little while the test runs.
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(configure: settings => settings with { RequestsPerMinute = requestsPerMinute });
        using HttpClient client = endpoint.Client();
        for (int i = 0; i < allowed; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await StatusOf(client, i % 2 == 0 ? "/health" : "/ready"));
        }

        await Poll.Until(async () => await StatusOf(client, "/health") == HttpStatusCode.TooManyRequests, "more are refused");
        Assert.Equal(HttpStatusCode.OK, await StatusOf(client, "/metrics"));
    }

    [Fact]
    public async Task Health_ignores_a_token_and_does_not_count_it_as_a_guess()
    {
        using Scratch scratch = new();
        await File.WriteAllTextAsync(scratch["token"], "sesame", Cancelled);
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(
            configure: settings => settings with { RequestsPerMinute = 1, TokenFile = scratch["token"] });
        using HttpClient client = endpoint.Client();
        client.DefaultRequestHeaders.Authorization = new("Bearer", "guess");
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await StatusOf(client, "/health"));
        }

        client.DefaultRequestHeaders.Authorization = new("Bearer", "sesame");
        Assert.Equal(HttpStatusCode.OK, await StatusOf(client, "/metrics"));
    }

    [Fact]
    public async Task Guessed_token_counts_on_every_path_and_then_the_right_token_is_rejected_too()
    {
        using Scratch scratch = new();
        await File.WriteAllTextAsync(scratch["token"], "sesame", Cancelled);
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(
            configure: settings => settings with { RequestsPerMinute = 2, TokenFile = scratch["token"] });
        using HttpClient guessing = endpoint.Client("127.0.0.2");
        guessing.DefaultRequestHeaders.Authorization = new("Bearer", "guess");
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusOf(guessing, "/"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusOf(guessing, "/ready"));
        guessing.DefaultRequestHeaders.Authorization = new("Bearer", "sesame");
        foreach (string path in new[] { "/", "/ready", "/metrics", "/nothing" })
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, await StatusOf(guessing, path));
        }

        using HttpClient knowing = endpoint.Client("127.0.0.3");
        knowing.DefaultRequestHeaders.Authorization = new("Bearer", "sesame");
        Assert.Equal(HttpStatusCode.OK, await StatusOf(knowing, "/metrics"));
    }

    [Fact]
    public async Task Forwarded_for_header_is_ignored()
    {
        // ASP.NET with its defaults would read this.
        Environment.SetEnvironmentVariable("ASPNETCORE_FORWARDEDHEADERS_ENABLED", "true");
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(configure: settings => settings with { RequestsPerMinute = 1 });
        using HttpClient client = endpoint.Client();
        client.DefaultRequestHeaders.Add("X-Forwarded-For", "192.0.2.1");
        Assert.Equal(HttpStatusCode.OK, await StatusOf(client, "/metrics"));
        client.DefaultRequestHeaders.Remove("X-Forwarded-For");
        client.DefaultRequestHeaders.Add("X-Forwarded-For", "192.0.2.2");
        Assert.Equal(HttpStatusCode.TooManyRequests, await StatusOf(client, "/metrics"));
    }

    [Fact]
    public void Clients_beyond_the_maximum_share_a_quota()
    {
        RequestQuota quota = new(perMinute: 1, maxClients: 2, TimeProvider.System);
        Assert.Null(quota.Take(IPAddress.Parse("192.0.2.1")));
        Assert.Null(quota.Take(IPAddress.Parse("192.0.2.2")));
        Assert.Null(quota.Take(IPAddress.Parse("192.0.2.3")));
        Assert.NotNull(quota.Take(IPAddress.Parse("192.0.2.4")));
        Assert.NotNull(quota.Take(IPAddress.Parse("192.0.2.1")));
        Assert.Equal(2, quota.Clients);
    }

    [Fact]
    public async Task Clients_with_a_full_quota_are_removed()
    {
        ManualTime time = new();
        RequestQuota quota = new(perMinute: 1_000_000, maxClients: 2, time);
        quota.Take(IPAddress.Parse("192.0.2.1"));
        quota.Take(IPAddress.Parse("192.0.2.2"));
        await Poll.Until(
            () =>
            {
                time.Leap(TimeSpan.FromSeconds(1));
                quota.Take(IPAddress.Parse("192.0.2.3"));
                return quota.Clients == 1;
            },
            "the two are forgotten");
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    [InlineData("fe80::1%3", "fe80::")]
    [InlineData("::1", "::")]
    public void Client_is_an_IPv4_address_or_a_64_bit_IPv6_network(string peer, string client) =>
        Assert.Equal(IPAddress.Parse(client), ClientAddress.Of(IPAddress.Parse(peer)));

    private static async Task<HttpStatusCode> StatusOf(HttpClient client, string path)
    {
        using HttpResponseMessage answer = await client.GetAsync(path, Cancelled);
        return answer.StatusCode;
    }
}
