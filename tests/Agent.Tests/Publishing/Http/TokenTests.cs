using System.Net;
using Agent.Publishing.Http;
using Testing;

namespace Agent.Tests.Publishing.Http;

/// <summary>The bearer token, and every way to change its file.</summary>
public sealed class TokenTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly ManualTime _time = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string TokenFile => _scratch["token"];

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData("Bearer sesame", HttpStatusCode.OK, null)]
    [InlineData("bearer sesame", HttpStatusCode.OK, null)]
    [InlineData("Bearer   sesame", HttpStatusCode.OK, null)]
    [InlineData(null, HttpStatusCode.Unauthorized, "Bearer")]
    [InlineData("Bearer sesam", HttpStatusCode.Unauthorized, "Bearer error=\"invalid_token\"")]
    [InlineData("Bearer sesamee", HttpStatusCode.Unauthorized, "Bearer error=\"invalid_token\"")]
    [InlineData("Bearer Sesame", HttpStatusCode.Unauthorized, "Bearer error=\"invalid_token\"")]
    [InlineData("Bearer", HttpStatusCode.Unauthorized, "Bearer error=\"invalid_token\"")]
    [InlineData("Bearersesame", HttpStatusCode.Unauthorized, "Bearer error=\"invalid_token\"")]
    [InlineData("Basic c2VzYW1lOg==", HttpStatusCode.Unauthorized, "Bearer error=\"invalid_token\"")]
    [InlineData("sesame", HttpStatusCode.Unauthorized, "Bearer error=\"invalid_token\"")]
    public async Task Only_a_client_with_the_token_is_served(string? authorization, HttpStatusCode status, string? challenge)
    {
        await using RunningEndpoint endpoint = await Start(" sesame \r\n");
        foreach (string path in new[] { "/metrics", "/configz", "/", "/nothing" })
        {
            using HttpResponseMessage answer = await Ask(endpoint, path, authorization);
            Assert.Equal(path == "/nothing" && status == HttpStatusCode.OK ? HttpStatusCode.NotFound : status, answer.StatusCode);
            Assert.Equal(challenge ?? "", answer.Headers.WwwAuthenticate.ToString());
        }

        using HttpResponseMessage health = await Ask(endpoint, "/health", authorization);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Fact]
    public async Task Two_authorization_headers_are_rejected()
    {
        await using RunningEndpoint endpoint = await Start("sesame");
        string answer = await RawHttp.Ask(
            endpoint, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer sesame\r\nAuthorization: Bearer sesame\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 401 ", answer);
    }

    [Fact]
    public async Task Readiness_is_open_and_its_reason_requires_the_token()
    {
        await File.WriteAllTextAsync(TokenFile, "sesame", Cancelled);
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(
            new FakeContent { NotReady = "a secret reason" }, settings => settings with { TokenFile = TokenFile });
        using HttpResponseMessage open = await Ask(endpoint, "/ready", null);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, open.StatusCode);
        Assert.Equal("{\"ready\":false,\"reason\":\"send the token to see the reason\"}\n", await open.Content.ReadAsStringAsync(Cancelled));
        using HttpResponseMessage known = await Ask(endpoint, "/ready", "Bearer sesame");
        Assert.Equal("{\"ready\":false,\"reason\":\"a secret reason\"}\n", await known.Content.ReadAsStringAsync(Cancelled));
        using HttpResponseMessage guess = await Ask(endpoint, "/ready", "Bearer guess");
        Assert.Equal(HttpStatusCode.Unauthorized, guess.StatusCode);
    }

    [Theory]
    [InlineData("in place")]
    [InlineData("by rename")]
    [InlineData("by symlink")]
    [InlineData("as a mounted ConfigMap")]
    public async Task New_token_replaces_the_old_one(string way)
    {
        Directory.CreateDirectory(_scratch["1"]);
        Directory.CreateDirectory(_scratch["2"]);
        await File.WriteAllTextAsync(_scratch["1/token"], "old", Cancelled);
        await File.WriteAllTextAsync(_scratch["2/token"], "new", Cancelled);
        Action replace = () => File.WriteAllText(TokenFile, "new");
        switch (way)
        {
            case "in place":
                await File.WriteAllTextAsync(TokenFile, "old", Cancelled);
                break;
            case "by rename":
                await File.WriteAllTextAsync(TokenFile, "old", Cancelled);
                replace = () => File.Move(_scratch["2/token"], TokenFile, overwrite: true);
                break;
            case "by symlink":
                File.CreateSymbolicLink(TokenFile, _scratch["1/token"]);
                replace = () => Relink(TokenFile, _scratch["2/token"]);
                break;
            default:
                // token -> ..data/token, ..data -> 1, and then ..data -> 2.
                File.CreateSymbolicLink(_scratch["..data"], "1");
                File.CreateSymbolicLink(TokenFile, "..data/token");
                replace = () => Relink(_scratch["..data"], "2");
                break;
        }

        await using RunningEndpoint endpoint = await Start(null);
        Assert.Equal(HttpStatusCode.OK, await StatusOf(endpoint, "old"));
        replace();
        _time.Leap(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, await StatusOf(endpoint, "new"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusOf(endpoint, "old"));
        Assert.Equal($"Information: the endpoint now uses the token in {TokenFile}", Assert.Single(endpoint.Log.Skip(1)));
    }

    [Fact]
    public async Task Previous_token_stays_in_use_while_the_file_is_missing_or_empty()
    {
        await using RunningEndpoint endpoint = await Start("old");
        File.Delete(TokenFile);
        await StaysOld();
        await StaysOld();
        await File.WriteAllTextAsync(TokenFile, "\n", Cancelled);
        await StaysOld();
        await StaysOld();
        await File.WriteAllTextAsync(TokenFile, "old\n", Cancelled);
        await StaysOld();
        await StaysOld();

        Assert.Collection(
            endpoint.Log.Skip(1),
            line => Assert.Equal(
                $"Warning: cannot reload the endpoint's token: {TokenFile} cannot be read: there is no {TokenFile}; the previous token stays in use",
                line),
            line => Assert.Equal(
                $"Warning: cannot reload the endpoint's token: {TokenFile} is empty; write a token into it; the previous token stays in use", line),
            line => Assert.Equal($"Information: the endpoint now uses the token in {TokenFile}", line));

        async Task StaysOld()
        {
            _time.Leap(TimeSpan.FromSeconds(1));
            Assert.Equal(HttpStatusCode.OK, await StatusOf(endpoint, "old"));
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusOf(endpoint, ""));
        }
    }

    [Theory]
    [InlineData(null, "cannot be read: ")]
    [InlineData("", "is empty; write a token into it")]
    [InlineData(" \r\n", "is empty; write a token into it")]
    [InlineData("two words", "does not hold one token; write one token of printable ASCII characters into it, without spaces, and nothing else")]
    [InlineData("one\ntwo", "does not hold one token; write one token of printable ASCII characters into it, without spaces, and nothing else")]
    [InlineData("pässword", "does not hold one token; write one token of printable ASCII characters into it, without spaces, and nothing else")]
    public async Task Endpoint_does_not_start_without_a_token_in_the_file(string? content, string message)
    {
        EndpointException refused = await Assert.ThrowsAsync<EndpointException>(() => Start(content));
        Assert.Matches(@"^cannot serve at http://127\.0\.0\.1:\d+: ", refused.Message);
        Assert.Contains($": {TokenFile} {message}", refused.Message);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public async Task Token_file_that_is_a_pipe_is_rejected_without_waiting()
    {
        Assert.Equal(0, (await Tool.Run("mkfifo", [TokenFile])).ExitCode);
        EndpointException refused = await Assert.ThrowsAsync<EndpointException>(() => Start(null));
        Assert.EndsWith($": {TokenFile} cannot be read: it is a pipe and not a regular file", refused.Message);
    }

    private async Task<RunningEndpoint> Start(string? token)
    {
        if (token is not null)
        {
            await File.WriteAllTextAsync(TokenFile, token, Cancelled);
        }

        return await RunningEndpoint.Start(configure: settings => settings with { TokenFile = TokenFile }, time: _time);
    }

    private static void Relink(string link, string target)
    {
        File.CreateSymbolicLink(link + ".new", target);
        Assert.Equal(0, NativeMethods.rename(link + ".new", link));
    }

    private static async Task<HttpStatusCode> StatusOf(RunningEndpoint endpoint, string token)
    {
        using HttpResponseMessage answer = await Ask(endpoint, "/metrics", $"Bearer {token}");
        return answer.StatusCode;
    }

    private static async Task<HttpResponseMessage> Ask(RunningEndpoint endpoint, string path, string? authorization)
    {
        using HttpClient client = endpoint.Client();
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        if (authorization is not null)
        {
            Assert.True(request.Headers.TryAddWithoutValidation("Authorization", authorization));
        }

        return await client.SendAsync(request, Cancelled);
    }
}
