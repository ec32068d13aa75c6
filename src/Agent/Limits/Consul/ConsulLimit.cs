using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Agent.Platform;

namespace Agent.Limits.Consul;

/// <summary>
/// Asks Consul for the limit that it enforces, <c>limits.http_max_conns_per_client</c>. It closes the connection after each answer, because the
/// connection takes a slot of that limit.
/// </summary>
internal sealed class ConsulLimit(ConsulEndpoint endpoint, TimeProvider time) : ILimitService
{
    // Consul's answer has tens of kilobytes.
    private const long MaxAnswerBytes = 1 << 20;
    private const int MaxHeaderKilobytes = 16;

    private const string TooLong = "sends a longer answer than Consul does; it is not Consul: check the address";

    public string Name => endpoint.Name;

    public async Task<ClientLimit> AskAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource timeout = new(endpoint.Timeout, time);
        using CancellationTokenSource cancelled = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            string? token = await ReadTokenAsync(cancelled.Token);
            await using Stream connection = await ConsulConnection.OpenAsync(endpoint, cancelled.Token);
            return await GetAsync(connection, token, cancelled.Token);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception) when (timeout.IsCancellationRequested)
        {
            // Any exception: the timeout interrupts whatever step is in progress.
            throw new LimitUnknownException(
                $"{Name} gave no answer within {endpoint.Timeout.TotalSeconds:0.###} s; check that it is healthy, and that no firewall blocks the connection");
        }
    }

    private async Task<ClientLimit> GetAsync(Stream connection, string? token, CancellationToken cancellationToken)
    {
        Stream? unused = connection;
        using SocketsHttpHandler handler = new()
        {
            // Only once: the handler would retry if Consul closed the connection.
            ConnectCallback = (_, _) => Interlocked.Exchange(ref unused, null) is { } once
                ? ValueTask.FromResult(once)
                : throw new IOException("Consul sent nothing"),
            // A redirect would send the token to another server.
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            MaxResponseHeadersLength = MaxHeaderKilobytes,
        };
        using HttpMessageInvoker http = new(handler);
        using HttpRequestMessage request = new(HttpMethod.Get, endpoint.SelfAddress);
        request.Headers.ConnectionClose = true;
        if (token is not null)
        {
            request.Headers.Add("X-Consul-Token", token);
        }

        using HttpResponseMessage response = await SendAsync(http, request, cancellationToken);
        return response.StatusCode switch
        {
            HttpStatusCode.OK => new ClientLimit(await ReadLimitAsync(response, cancellationToken), Name) { Refusal = Refusal.No },
            HttpStatusCode.TooManyRequests => ClientLimit.Unknown(
                Name,
                $"{Name} answers 429: this address is at the limit, and its further connections are refused; close connections that are not needed",
                Refusal.Yes),
            var status => throw Answered(Describe(status)),
        };
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker http, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await http.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException failure)
        {
            throw new LimitUnknownException($"{Name} {Describe(failure)}");
        }
    }

    private async Task<int?> ReadLimitAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, cancellationToken);
            return AgentSelf.ReadLimit(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        }
        catch (FormatException wrong)
        {
            throw Answered(wrong.Message);
        }
        catch (HttpRequestException failure) when (failure.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw Answered(TooLong);
        }
        catch (HttpRequestException failure)
        {
            throw Answered($"closed the connection in the middle of its answer ({failure.GetBaseException().Message}); check its log");
        }
    }

    /// <summary>The token to send: that of the file, or the other one if there is no file or it is empty, as in Consul's own program.</summary>
    private async Task<string?> ReadTokenAsync(CancellationToken cancellationToken)
    {
        (string? token, string origin) = (endpoint.Token, "CONSUL_HTTP_TOKEN");
        if (endpoint.TokenFile is { } file)
        {
            try
            {
                using StreamReader reader = new(RegularFile.OpenRead(file));
                string text = (await reader.ReadToEndAsync(cancellationToken)).Trim();
                (token, origin) = text.Length > 0 ? (text, file) : (token, origin);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
            {
                throw new LimitUnknownException($"cannot read the token file {file}: {failure.Message}");
            }
        }

        return token is null || token.All(character => character is > ' ' and <= '~')
            ? token
            : throw new LimitUnknownException($"the token in {origin} has characters that a token cannot have; use only the token's SecretID");
    }

    private LimitUnknownException Answered(string problem) => new($"{Name} {problem}", Refusal.No);

    private string Describe(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Forbidden when endpoint is { Token: null, TokenFile: null } =>
            "requires a token (403); set one whose policy has agent:read with tokenFile, CONSUL_HTTP_TOKEN or CONSUL_HTTP_TOKEN_FILE",
        HttpStatusCode.Forbidden => "does not accept the token (403); check that it exists and that its policy has agent:read",
        HttpStatusCode.BadRequest when !endpoint.IsSecure => "answers 400; if this is its HTTPS port, write https://",
        _ => $"answers {(int)status} instead of 200; check the address, and Consul's log",
    };

    private string Describe(HttpRequestException failure) => failure.HttpRequestError switch
    {
        HttpRequestError.ConfigurationLimitExceeded => TooLong,
        HttpRequestError.InvalidResponse => "answers with something that is not HTTP; it is not Consul, or it is its HTTPS port: check the address",
        // For example a TLS alert.
        _ when failure.GetBaseException() is var cause and not (IOException or SocketException) =>
            $"ended the TLS connection ({cause.Message}); check whether it requires a client certificate (CONSUL_CLIENT_CERT)",
        _ => ClosedWithoutAnswer(endpoint),
    };

    /// <summary>The possible reasons for a connection that closes before an answer. Consul up to 1.8 rejects connections over the limit in this way.</summary>
    internal static string ClosedWithoutAnswer(ConsulEndpoint endpoint) =>
        "closed the connection without an answer: it is full, or this is not Consul's port"
        + (endpoint is { IsSecure: true, CertificateFile: null } ? ", or it requires a client certificate (CONSUL_CLIENT_CERT)" : "");
}

/// <summary>
/// Parses the answer of <c>/v1/agent/self</c>; see https://developer.hashicorp.com/consul/api-docs/agent#read-configuration.
/// </summary>
internal static class AgentSelf
{
    private const string Section = "DebugConfig";
    private const string Limit = "HTTPMaxConnsPerClient";

    /// <returns>The most connections that a client may hold; null for no limit.</returns>
    /// <exception cref="FormatException">The answer has no limit. The message continues a sentence that starts with the name of the service.</exception>
    internal static int? ReadLimit(ReadOnlyMemory<byte> answer)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(answer);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty(Section, out JsonElement section)
                && section.ValueKind == JsonValueKind.Object
                && section.TryGetProperty(Limit, out JsonElement limit)
                    ? ToLimit(limit)
                    : throw new FormatException(
                        $"answers without {Section}.{Limit}: it is not Consul, or its version has no such limit; "
                        + "check the address, or set the limit in the agent's configuration");
        }
        catch (JsonException)
        {
            throw new FormatException("answers with something that is not JSON; it is not Consul: check the address");
        }
    }

    // Consul enforces no limit if the number is 0 or negative. A client cannot open more connections than an int can hold.
    private static int? ToLimit(JsonElement limit) =>
        limit.ValueKind == JsonValueKind.Number && limit.TryGetInt64(out long value)
            ? value is > 0 and <= int.MaxValue ? (int)value : null
            : throw new FormatException(
                $"answers with a {Section}.{Limit} that is not a whole number, {Shorten(limit.GetRawText())}; set the limit in the agent's configuration");

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
