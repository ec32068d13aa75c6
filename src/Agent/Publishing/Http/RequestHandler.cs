using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Agent.Metrics.Endpoint;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Prometheus;

namespace Agent.Publishing.Http;

/// <summary>
/// Answers the requests that Kestrel receives. Every request counts against one of two quotas of its client, so that health checks and scrapes
/// from one address do not use up each other's quota.
/// </summary>
internal sealed partial class RequestHandler : IHttpApplication<HttpContext>
{
    // Kestrel copies each write. Small writes limit the memory of a slow reader to this and Kestrel's own buffer.
    private const int WriteBytes = 16 * 1024;

    private const string ReadMethods = "GET, HEAD";
    private const string WithheldReason = "send the token to see the reason";

    // Apostrophes are not escaped. That is safe, because the JSON has its own media type and is never part of a page.
    private static readonly EndpointJson Json = new(
        new JsonSerializerOptions(EndpointJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private readonly IEndpointContent _content;
    private readonly BearerToken? _token;
    private readonly RequestQuota _quota;
    private readonly RequestQuota _openQuota;
    private readonly ILogger _logger;
    private readonly Route[] _routes;
    private int _isFailing;

    /// <param name="content">The data to show.</param>
    /// <param name="token">The token that clients must send; null for none.</param>
    /// <param name="quota">The quota of protected paths, and of every request that sends a token.</param>
    /// <param name="openQuota">The quota of the other paths, and of paths that do not exist.</param>
    /// <param name="logger">Logs failures to answer.</param>
    internal RequestHandler(IEndpointContent content, BearerToken? token, RequestQuota quota, RequestQuota openQuota, ILogger logger)
    {
        (_content, _token, _quota, _openQuota, _logger) = (content, token, quota, openQuota, logger);
        // Every path of the endpoint: one line adds one, with its link on the page, its protection and its quota.
        _routes =
        [
            new("/metrics", "for Prometheus", Protection.Token, quota, (context, _) => WriteMetricsAsync(context)),
            new("/health", "whether the agent is alive", Protection.None, openQuota, (context, _) => WriteLineAsync(context, StatusCodes.Status200OK, "alive")),
            new("/ready", "whether it has counted lately", Protection.TokenForReason, openQuota, WriteReadinessAsync),
            new("/configz", "the settings in force, and where each came from", Protection.Token, quota, (context, _) => WriteSettingsAsync(context)),
            new("/", null, Protection.Token, openQuota, (context, _) => WritePageAsync(context)),
        ];
    }

    /// <summary>The access to a path of an endpoint that has a token.</summary>
    private enum Protection
    {
        /// <summary>Everyone. A token that the client sends is ignored.</summary>
        None,

        /// <summary>Everyone, but only a client that sends the token sees the reason in the answer.</summary>
        TokenForReason,

        /// <summary>Only a client that sends the token.</summary>
        Token,
    }

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public async Task ProcessRequestAsync(HttpContext context)
    {
        try
        {
            await AnswerAsync(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client disconnected or was too slow.
        }
        catch (Exception failure)
        {
            await WriteFailureAsync(context, failure);
        }
    }

    public void DisposeContext(HttpContext context, Exception? exception)
    {
        // A DefaultHttpContext holds nothing to dispose.
    }

    private Task AnswerAsync(HttpContext context)
    {
        Route? route = Array.Find(_routes, route => route.Path == context.Request.Path.Value);
        if (QuotaOf(context, route).Take(ClientOf(context)) is { } wait)
        {
            return WriteRetryLaterAsync(context, wait);
        }

        if (HasBody(context))
        {
            context.Response.Headers[HeaderNames.Connection] = "close";
            return WriteLineAsync(context, StatusCodes.Status413PayloadTooLarge, "requests must not have a body");
        }

        // A path that does not exist requires the token too: without it, a client learns nothing about which paths there are.
        Protection protection = route?.Protection ?? Protection.Token;
        Access access = _token is null || protection == Protection.None ? Access.Granted : _token.Check(context.Request.Headers.Authorization);
        if (access == Access.Wrong || (access == Access.Missing && protection == Protection.Token))
        {
            return WriteUnauthorizedAsync(context, access);
        }

        if (route is null)
        {
            return WriteLineAsync(context, StatusCodes.Status404NotFound, "not found; / lists the paths");
        }

        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers[HeaderNames.Allow] = ReadMethods;
            return WriteLineAsync(context, StatusCodes.Status405MethodNotAllowed, $"allowed methods: {ReadMethods}");
        }

        return route.WriteAsync(context, access);
    }

    /// <summary>
    /// The quota that a request counts against. A request with a token counts as a guess before the token is checked, on every path that checks it:
    /// otherwise brute force would be unlimited.
    /// </summary>
    private RequestQuota QuotaOf(HttpContext context, Route? route)
    {
        bool sendsToken = _token is not null && route?.Protection != Protection.None && context.Request.Headers.Authorization.Count > 0;
        return sendsToken ? _quota : route?.Quota ?? _openQuota;
    }

    private Task WriteMetricsAsync(HttpContext context)
    {
        ExpositionFormat format = Negotiation.FormatOf(context.Request.Headers.Accept);
        RenderedMetrics metrics = _content.RenderMetrics(format);
        Volatile.Write(ref _isFailing, 0);
        context.Response.Headers[HeaderNames.Vary] = "Accept, Accept-Encoding";
        bool isCompressed = Negotiation.AcceptsGzip(context.Request.Headers.AcceptEncoding);
        if (isCompressed)
        {
            context.Response.Headers[HeaderNames.ContentEncoding] = "gzip";
        }

        string contentType = format == ExpositionFormat.OpenMetricsText
            ? PrometheusConstants.OpenMetricsContentTypeWithVersionAndEncoding
            : PrometheusConstants.TextContentTypeWithVersionAndEncoding;
        return WriteAsync(context, StatusCodes.Status200OK, contentType, isCompressed ? metrics.Gzip : metrics.Text);
    }

    private Task WriteReadinessAsync(HttpContext context, Access access)
    {
        string? reason = _content.NotReadyBecause();
        ReadinessReport report = new(reason is null, reason is null || access == Access.Granted ? reason : WithheldReason);
        int status = report.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return WriteJsonAsync(context, status, report, Json.ReadinessReport);
    }

    private Task WriteSettingsAsync(HttpContext context) =>
        WriteJsonAsync(context, StatusCodes.Status200OK, new SettingsReport(_content.Settings), Json.SettingsReport);

    private Task WritePageAsync(HttpContext context)
    {
        IEnumerable<string> links = _routes
            .Where(route => route.Description is not null)
            .Select(route => $"<li><a href=\"{route.Path}\">{route.Path}</a> {route.Description}");
        string page = $"""
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <title>Connection agent</title>
            <h1>Connection agent</h1>
            <ul>
            {string.Join('\n', links)}
            </ul>
            </html>

            """;
        return WriteTextAsync(context, StatusCodes.Status200OK, "text/html; charset=utf-8", page);
    }

    private static Task WriteRetryLaterAsync(HttpContext context, TimeSpan wait)
    {
        long seconds = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds));
        context.Response.Headers[HeaderNames.RetryAfter] = seconds.ToString(CultureInfo.InvariantCulture);
        return WriteLineAsync(context, StatusCodes.Status429TooManyRequests, $"too many requests from this address; retry in {seconds} s");
    }

    private static Task WriteUnauthorizedAsync(HttpContext context, Access access)
    {
        context.Response.Headers[HeaderNames.WWWAuthenticate] = access == Access.Missing ? "Bearer" : "Bearer error=\"invalid_token\"";
        return WriteLineAsync(
            context, StatusCodes.Status401Unauthorized, access == Access.Missing ? "a bearer token is required" : "the bearer token is wrong");
    }

    private async Task WriteFailureAsync(HttpContext context, Exception failure)
    {
        if (Interlocked.Exchange(ref _isFailing, 1) == 0)
        {
            LogCannotAnswer(_logger, context.Request.Path.Value ?? "", failure.GetType().Name, failure.Message);
        }

        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.Clear();
        await WriteLineAsync(context, StatusCodes.Status500InternalServerError, "the agent cannot answer this request; see its log");
    }

    private static Task WriteLineAsync(HttpContext context, int status, string line) =>
        WriteTextAsync(context, status, "text/plain; charset=utf-8", line + "\n");

    private static Task WriteJsonAsync<T>(HttpContext context, int status, T report, JsonTypeInfo<T> type) =>
        WriteTextAsync(context, status, "application/json", JsonSerializer.Serialize(report, type) + "\n");

    private static Task WriteTextAsync(HttpContext context, int status, string contentType, string body) =>
        WriteAsync(context, status, contentType, Encoding.UTF8.GetBytes(body));

    /// <summary>Writes an answer. HEAD gets the same headers as GET, without the body.</summary>
    private static async Task WriteAsync(HttpContext context, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        HttpResponse response = context.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = body.Length;
        response.Headers[HeaderNames.CacheControl] = "no-store";
        response.Headers[HeaderNames.XContentTypeOptions] = "nosniff";
        response.Headers[HeaderNames.ContentSecurityPolicy] = "default-src 'none'";
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        for (; !body.IsEmpty; body = body[Math.Min(WriteBytes, body.Length)..])
        {
            await response.Body.WriteAsync(body[..Math.Min(WriteBytes, body.Length)], context.RequestAborted);
        }
    }

    private static bool HasBody(HttpContext context) =>
        context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? context.Request.ContentLength > 0;

    private static IPAddress ClientOf(HttpContext context) => ClientAddress.Of(context.Connection.RemoteIpAddress ?? IPAddress.None);

    [LoggerMessage(69, LogLevel.Error, "the endpoint cannot answer {Path}: {Type}: {Reason}")]
    private static partial void LogCannotAnswer(ILogger logger, string path, string type, string reason);

    /// <summary>A path of the endpoint.</summary>
    /// <param name="Path">As in a request, without a query.</param>
    /// <param name="Description">The text after its link on the page; null for no link.</param>
    /// <param name="Protection">The access to it.</param>
    /// <param name="Quota">The quota that a request without a token counts against.</param>
    /// <param name="WriteAsync">Writes the answer.</param>
    private sealed record Route(
        string Path, string? Description, Protection Protection, RequestQuota Quota, Func<HttpContext, Access, Task> WriteAsync);
}
