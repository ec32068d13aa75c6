using System.Net;
using System.Net.Sockets;
using Agent.Platform;

namespace Agent.Limits;

/// <summary>
/// Asks Consul for the limit that it enforces, <c>limits.http_max_conns_per_client</c>, over a connection that is closed at once: it takes a
/// slot of that very limit.
/// </summary>
internal sealed class ConsulLimit(ConsulEndpoint endpoint, TimeProvider time) : ILimitSource
{
    // Consul's answer has some tens of kilobytes.
    private const long MostAnswerBytes = 1 << 20;
    private const int MostHeaderKilobytes = 16;

    private const string TooLong = "answers with more than Consul ever would; it is not Consul, check the address";

    public string Name => endpoint.Name;

    public async Task<ClientLimit> AskAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = new(endpoint.Timeout, time);
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            string? token = await ReadTokenAsync(ending.Token);
            await using Stream connection = await ConsulConnection.OpenAsync(endpoint, ending.Token);
            return await GetAsync(connection, token, ending.Token);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception) when (patience.IsCancellationRequested)
        {
            // Whatever the interrupted step made of it.
            throw new LimitUnknownException(
                $"{Name} gave no answer within {endpoint.Timeout.TotalSeconds:0.###} s; check that it is well, and that no firewall is in between");
        }
    }

    private async Task<ClientLimit> GetAsync(Stream connection, string? token, CancellationToken cancellationToken)
    {
        Stream? unused = connection;
        using SocketsHttpHandler handler = new()
        {
            // Once: a handler that was hung up on would like to try again.
            ConnectCallback = (_, _) => Interlocked.Exchange(ref unused, null) is { } once
                ? ValueTask.FromResult(once)
                : throw new IOException("it sent nothing"),
            // A redirect would carry the token to wherever it leads.
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            MaxResponseHeadersLength = MostHeaderKilobytes,
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
            await response.Content.LoadIntoBufferAsync(MostAnswerBytes, cancellationToken);
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

    /// <summary>The file's token comes before the other, as with Consul's own program; an empty file is none.</summary>
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
            : throw new LimitUnknownException($"the token of {origin} has characters that no token has; give the token's SecretID alone");
    }

    private LimitUnknownException Answered(string problem) => new($"{Name} {problem}", Refusal.No);

    private string Describe(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Forbidden when endpoint is { Token: null, TokenFile: null } =>
            "wants a token (403); give one whose policy has agent:read, as tokenFile, CONSUL_HTTP_TOKEN or CONSUL_HTTP_TOKEN_FILE",
        HttpStatusCode.Forbidden => "does not accept the token (403); check that it exists and that its policy has agent:read",
        HttpStatusCode.BadRequest when !endpoint.IsSecure => "answers 400; if this is its HTTPS port, write https://",
        _ => $"answers {(int)status} where 200 is expected; check the address, and Consul's log",
    };

    private string Describe(HttpRequestException failure) => failure.HttpRequestError switch
    {
        HttpRequestError.ConfigurationLimitExceeded => TooLong,
        HttpRequestError.InvalidResponse => "answers with something else than HTTP; it is not Consul, or its HTTPS port: check the address",
        // An alert of TLS, for one.
        _ when failure.GetBaseException() is var cause and not (IOException or SocketException) =>
            $"ended the TLS connection ({cause.Message}); check whether it wants a client certificate (CONSUL_CLIENT_CERT)",
        _ => ClosedInSilence(endpoint),
    };

    /// <summary>What may be the reason where the connection ends before a byte of an answer: Consul up to 1.8 refuses connections in this way.</summary>
    internal static string ClosedInSilence(ConsulEndpoint endpoint) =>
        "closed the connection without an answer: it is full, or this is not Consul's port"
        + (endpoint is { IsSecure: true, CertificateFile: null } ? ", or it wants a client certificate (CONSUL_CLIENT_CERT)" : "");
}
