using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Agent.Publishing.Http;

/// <summary>Writes answers. To HEAD the same as to GET, without the body.</summary>
internal static class Answer
{
    // Kestrel copies what it is given, and a slow reader is to have no more of the agent's memory than this and Kestrel's own buffer.
    private const int Portion = 16 * 1024;

    /// <summary>One plain line.</summary>
    internal static Task LineAsync(HttpContext context, int status, string line) => TextAsync(context, status, "text/plain; charset=utf-8", line + "\n");

    internal static Task TextAsync(HttpContext context, int status, string contentType, string body) =>
        WriteAsync(context, status, contentType, Encoding.UTF8.GetBytes(body));

    internal static Task JsonAsync<T>(HttpContext context, int status, T report, JsonTypeInfo<T> type) =>
        TextAsync(context, status, "application/json", JsonSerializer.Serialize(report, type) + "\n");

    internal static async Task WriteAsync(HttpContext context, int status, string contentType, ReadOnlyMemory<byte> body)
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

        for (; !body.IsEmpty; body = body[Math.Min(Portion, body.Length)..])
        {
            await response.Body.WriteAsync(body[..Math.Min(Portion, body.Length)], context.RequestAborted);
        }
    }
}
