using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Agent.Configuration;
using Prometheus;

namespace Agent.Tests.Publishing.Http;

/// <summary>The answers of the endpoint, over real sockets.</summary>
public sealed class AnswerTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, "text/plain; version=0.0.4; charset=utf-8", "# PrometheusText\nx 1\n")]
    [InlineData("application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8", "# OpenMetricsText\nx 1\n")]
    public async Task Metrics_have_the_requested_format(string? accept, string contentType, string body)
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start();
        using HttpClient client = endpoint.Client();
        using HttpRequestMessage request = new(HttpMethod.Get, "/metrics");
        if (accept is not null)
        {
            request.Headers.Add("Accept", accept);
        }

        using HttpResponseMessage answer = await client.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal([contentType], answer.Content.Headers.GetValues("Content-Type"));
        Assert.Equal(["Accept", "Accept-Encoding"], answer.Headers.Vary);
        Assert.Equal(body, await answer.Content.ReadAsStringAsync(Cancelled));
        Assert.False(answer.Headers.Contains("Server"));
    }

    [Fact]
    public async Task Metrics_are_compressed_if_the_client_accepts_gzip()
    {
        string metrics = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"x{{i=\"{i}\"}} {i}\n"));
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(new FakeContent { Metrics = _ => metrics });
        using HttpClient client = endpoint.Client();
        Assert.Equal(metrics, await client.GetStringAsync("/metrics", Cancelled));

        client.DefaultRequestHeaders.Add("Accept-Encoding", "gzip");
        using HttpResponseMessage answer = await client.GetAsync("/metrics", Cancelled);
        Assert.Equal(["gzip"], answer.Content.Headers.ContentEncoding);
        byte[] compressed = await answer.Content.ReadAsByteArrayAsync(Cancelled);
        Assert.True(compressed.Length < metrics.Length / 2, $"{compressed.Length} bytes of {metrics.Length}");
        using StreamReader text = new(new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress));
        Assert.Equal(metrics, await text.ReadToEndAsync(Cancelled));
    }

    [Theory]
    [InlineData("/metrics")]
    [InlineData("/health")]
    [InlineData("/ready")]
    [InlineData("/configz")]
    [InlineData("/")]
    public async Task Head_is_answered_like_get_without_the_body_and_other_methods_are_rejected(string path)
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start();
        using HttpClient client = endpoint.Client();
        using HttpResponseMessage get = await client.GetAsync(path, Cancelled);
        using HttpRequestMessage question = new(HttpMethod.Head, path);
        using HttpResponseMessage head = await client.SendAsync(question, Cancelled);
        Assert.Equal(HttpStatusCode.OK, get.StatusCode);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Equal(get.Content.Headers.ContentLength, (await get.Content.ReadAsByteArrayAsync(Cancelled)).Length);
        Assert.Equal(get.Content.Headers.ContentLength, head.Content.Headers.ContentLength);
        Assert.Equal(get.Content.Headers.ContentType, head.Content.Headers.ContentType);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancelled));

        foreach (string method in new[] { "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW" })
        {
            using HttpRequestMessage request = new(new HttpMethod(method), path);
            using HttpResponseMessage refused = await client.SendAsync(request, Cancelled);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, refused.StatusCode);
            Assert.Equal(["GET", "HEAD"], refused.Content.Headers.Allow);
        }
    }

    [Theory]
    [InlineData("/metric")]
    [InlineData("/metrics/")]
    [InlineData("/Metrics")]
    [InlineData("//metrics")]
    [InlineData("/metrics%00")]
    [InlineData("/../etc/passwd")]
    [InlineData("/favicon.ico")]
    public async Task Unknown_path_is_not_found(string path)
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start();
        string answer = await RawHttp.Ask(endpoint, $"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        Assert.StartsWith(path.Contains("%00") ? "HTTP/1.1 400 " : "HTTP/1.1 404 ", answer);
    }

    [Fact]
    public async Task Query_is_ignored()
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start();
        using HttpClient client = endpoint.Client();
        Assert.Equal("# PrometheusText\nx 1\n", await client.GetStringAsync("/metrics?collect[]=tcp", Cancelled));
    }

    [Theory]
    [InlineData("GET", "Content-Length: 5\r\n\r\nhello")]
    [InlineData("POST", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("POST", "Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n")]
    public async Task Request_with_a_body_is_rejected_unread(string method, string rest)
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start();
        string answer = await RawHttp.Ask(endpoint, $"{method} /metrics HTTP/1.1\r\nHost: x\r\n{rest}");
        Assert.StartsWith("HTTP/1.1 413 ", answer);
        Assert.Contains("\r\nConnection: close\r\n", answer);
    }

    [Fact]
    public async Task Health_is_ok_while_the_agent_runs_and_readiness_gives_the_reason_why_not()
    {
        FakeContent content = new() { NotReady = "no census of \"blue\" has succeeded yet: it's gone" };
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(content);
        using HttpClient client = endpoint.Client();
        using HttpResponseMessage unready = await client.GetAsync("/ready", Cancelled);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, unready.StatusCode);
        Assert.Equal("application/json", unready.Content.Headers.ContentType!.MediaType);
        string body = await unready.Content.ReadAsStringAsync(Cancelled);
        Assert.Equal("{\"ready\":false,\"reason\":\"no census of \\\"blue\\\" has succeeded yet: it's gone\"}\n", body);
        Assert.Equal("alive\n", await client.GetStringAsync("/health", Cancelled));

        content.NotReady = null;
        Assert.Equal("{\"ready\":true}\n", await client.GetStringAsync("/ready", Cancelled));
    }

    [Fact]
    public async Task Configz_shows_the_settings_and_their_origins_without_secrets()
    {
        Dictionary<string, string> variables = new()
        {
            ["CONSUL_HTTP_ADDR"] = "https://127.0.0.1:8501",
            ["CONSUL_HTTP_TOKEN"] = "secret-of-consul",
            ["UPDATE_DELAY"] = "2s",
        };
        Settings settings = new SettingsReader(variables.GetValueOrDefault).Read(
            new CommandLineValues(("--listen", "127.0.0.1"), ("--listen-token-file", "/secret/file")));
        EffectiveSetting[] expected = [.. settings.Effective];
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(new FakeContent { Settings = expected });
        using HttpClient client = endpoint.Client();
        string text = await client.GetStringAsync("/configz", Cancelled);

        Assert.DoesNotContain("secret-of-consul", text);
        using JsonDocument report = JsonDocument.Parse(text);
        Assert.Equal(
            expected.Select(setting => (setting.Name, setting.Value, setting.Origin)),
            report.RootElement.GetProperty("settings").EnumerateArray().Select(setting => (
                setting.GetProperty("name").GetString()!, setting.GetProperty("value").GetString()!, setting.GetProperty("origin").GetString()!)));
        Assert.Contains(expected, setting => setting is { Name: "interval", Value: "2s", Origin: "UPDATE_DELAY" });
        Assert.Contains(expected, setting => setting is { Name: "endpoint.listen", Value: "127.0.0.1:18500", Origin: "--listen" });
    }

    [Fact]
    public async Task Every_link_of_the_page_works()
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start();
        using HttpClient client = endpoint.Client();
        string[] pieces = (await client.GetStringAsync("/", Cancelled)).Split("href=\"");
        Assert.Equal(5, pieces.Length);
        foreach (string piece in pieces[1..])
        {
            using HttpResponseMessage answer = await client.GetAsync(piece[..piece.IndexOf('"')], Cancelled);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Failure_to_render_is_logged_once_until_rendering_works_again()
    {
        FakeContent content = new() { Metrics = _ => throw new InvalidOperationException("broken") };
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(content);
        using HttpClient client = endpoint.Client();
        await Fails();
        await Fails();
        Func<ExpositionFormat, string> broken = content.Metrics;
        content.Metrics = _ => "x 1\n";
        Assert.Equal("x 1\n", await client.GetStringAsync("/metrics", Cancelled));
        content.Metrics = broken;
        await Fails();

        const string Line = "Error: the endpoint cannot answer /metrics: InvalidOperationException: broken";
        Assert.Equal([$"Information: listening on http://{endpoint.Address}", Line, Line], endpoint.Log);

        async Task Fails()
        {
            using HttpResponseMessage answer = await client.GetAsync("/metrics", Cancelled);
            Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
            Assert.DoesNotContain("broken", await answer.Content.ReadAsStringAsync(Cancelled));
        }
    }

    [Fact]
    public async Task Pipelined_requests_are_all_answered()
    {
        await using RunningEndpoint endpoint = await RunningEndpoint.Start();
        string one = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
        string answers = await RawHttp.Ask(endpoint, one + one + "GET /ready HTTP/1.0\r\n\r\n");
        Assert.Equal(2, answers.Split("alive\n").Length - 1);
        Assert.EndsWith("{\"ready\":true}\n", answers);
        Assert.Equal(Encoding.UTF8.GetByteCount(answers), answers.Length);
    }
}
