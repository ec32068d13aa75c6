using System.Globalization;
using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using Agent.Metrics.Endpoint;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Prometheus;

namespace Agent.Publishing.Http;

/// <summary>
/// Answers requests. <c>/health</c> is open to all; <c>/ready</c> too, but for its reason; everything else, a path that does not exist included,
/// takes the token where there is one. Each request is counted in one of two quotas of its client, so that health checks and scrapes of one
/// address do not take from each other.
/// </summary>
/// <param name="content">What is shown.</param>
/// <param name="token">What clients have to show; null for nothing.</param>
/// <param name="quota">For what the token protects, and for each token that is shown.</param>
/// <param name="openQuota">For what is open to all.</param>
/// <param name="logger">Is told of what cannot be answered.</param>
internal sealed partial class RequestHandler(
    IEndpointContent content, BearerToken? token, RequestQuota quota, RequestQuota openQuota, ILogger logger)
{
    private const string ReadMethods = "GET, HEAD";
    private const string WithheldReason = "told to those who show the token";
    private const string Page =
        """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <title>Connection agent</title>
        <h1>Connection agent</h1>
        <ul>
        <li><a href="/metrics">/metrics</a> for Prometheus
        <li><a href="/health">/health</a> whether the agent is alive
        <li><a href="/ready">/ready</a> whether it has counted lately
        <li><a href="/configz">/configz</a> the settings in force, and where each came from
        </ul>
        </html>

        """;

    // Apostrophes as they are: this is JSON with a type of its own, and never part of a page.
    private static readonly EndpointJson Readable = new(
        new JsonSerializerOptions(EndpointJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    private int _cannotAnswer;

    internal async Task HandleAsync(HttpContext context)
    {
        try
        {
            await AnswerAsync(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went, or was too slow.
        }
        catch (Exception failure)
        {
            await AnswerFailureAsync(context, failure);
        }
    }

    private Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        if (QuotaOf(context, path).Take(ClientOf(context)) is { } wait)
        {
            return RefuseForAWhile(context, wait);
        }

        if (HasBody(context))
        {
            context.Response.Headers[HeaderNames.Connection] = "close";
            return Answer.LineAsync(context, StatusCodes.Status413PayloadTooLarge, "no request here has a body");
        }

        if (path == "/health")
        {
            return IfRead(context, () => Answer.LineAsync(context, StatusCodes.Status200OK, "alive"));
        }

        Access access = token?.Judge(context.Request.Headers.Authorization) ?? Access.Granted;
        if (access == Access.Wrong || (access == Access.Missing && path != "/ready"))
        {
            return RefuseWithoutToken(context, access);
        }

        return path switch
        {
            "/metrics" => IfRead(context, () => AnswerMetrics(context)),
            "/ready" => IfRead(context, () => AnswerReady(context, access)),
            "/configz" => IfRead(context, () => Answer.JsonAsync(
                context, StatusCodes.Status200OK, new SettingsReport(content.Settings), Readable.SettingsReport)),
            "/" => IfRead(context, () => Answer.TextAsync(context, StatusCodes.Status200OK, "text/html; charset=utf-8", Page)),
            _ => Answer.LineAsync(context, StatusCodes.Status404NotFound, "nothing is here; / shows what there is"),
        };
    }

    private RequestQuota QuotaOf(HttpContext context, string path)
    {
        // A guess is counted wherever it is made, and before it is looked at: else it could be made as often as one likes. At /health no token is
        // looked at.
        bool showsToken = token is not null && path != "/health" && context.Request.Headers.Authorization.Count > 0;
        return path is "/metrics" or "/configz" || showsToken ? quota : openQuota;
    }

    private Task AnswerMetrics(HttpContext context)
    {
        ExpositionFormat format = Negotiation.FormatOf(context.Request.Headers.Accept);
        RenderedMetrics metrics = content.RenderMetrics(format);
        Volatile.Write(ref _cannotAnswer, 0);
        context.Response.Headers[HeaderNames.Vary] = "Accept, Accept-Encoding";
        bool isCompressed = Negotiation.TakesGzip(context.Request.Headers.AcceptEncoding);
        if (isCompressed)
        {
            context.Response.Headers[HeaderNames.ContentEncoding] = "gzip";
        }

        string contentType = format == ExpositionFormat.OpenMetricsText
            ? PrometheusConstants.OpenMetricsContentTypeWithVersionAndEncoding
            : PrometheusConstants.TextContentTypeWithVersionAndEncoding;
        return Answer.WriteAsync(context, StatusCodes.Status200OK, contentType, isCompressed ? metrics.Gzip : metrics.Text);
    }

    private Task AnswerReady(HttpContext context, Access access)
    {
        string? reason = content.NotReadyBecause();
        ReadinessReport report = new(reason is null, reason is null || access == Access.Granted ? reason : WithheldReason);
        return Answer.JsonAsync(
            context, report.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, report, Readable.ReadinessReport);
    }

    private static Task IfRead(HttpContext context, Func<Task> answer)
    {
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        {
            return answer();
        }

        context.Response.Headers[HeaderNames.Allow] = ReadMethods;
        return Answer.LineAsync(context, StatusCodes.Status405MethodNotAllowed, $"only {ReadMethods} here");
    }

    private static Task RefuseForAWhile(HttpContext context, TimeSpan wait)
    {
        long seconds = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds));
        context.Response.Headers[HeaderNames.RetryAfter] = seconds.ToString(CultureInfo.InvariantCulture);
        return Answer.LineAsync(context, StatusCodes.Status429TooManyRequests, $"too many requests from this address; ask again in {seconds} s");
    }

    private static Task RefuseWithoutToken(HttpContext context, Access access)
    {
        context.Response.Headers[HeaderNames.WWWAuthenticate] = access == Access.Missing ? "Bearer" : "Bearer error=\"invalid_token\"";
        return Answer.LineAsync(
            context, StatusCodes.Status401Unauthorized, access == Access.Missing ? "a bearer token is needed here" : "this is not the token");
    }

    private async Task AnswerFailureAsync(HttpContext context, Exception failure)
    {
        if (Interlocked.Exchange(ref _cannotAnswer, 1) == 0)
        {
            LogCannotAnswer(logger, context.Request.Path.Value ?? "", failure.GetType().Name, failure.Message);
        }

        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.Clear();
        await Answer.LineAsync(context, StatusCodes.Status500InternalServerError, "the agent cannot answer this; its log says why");
    }

    private static bool HasBody(HttpContext context) =>
        context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? context.Request.ContentLength > 0;

    private static IPAddress ClientOf(HttpContext context) => ClientAddress.Of(context.Connection.RemoteIpAddress ?? IPAddress.None);

    [LoggerMessage(69, LogLevel.Error, "the endpoint cannot answer {Path}: {Type}: {Reason}")]
    private static partial void LogCannotAnswer(ILogger logger, string path, string type, string reason);
}
