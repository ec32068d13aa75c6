using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Docker.DotNet;
using Docker.DotNet.Handler.Abstractions;
using Docker.DotNet.Models;
using DotNet.Testcontainers.Configurations;
using Version = System.Version;

namespace Integration.Docker;

/// <summary>
/// The connection to one Docker engine, for Testcontainers and for direct requests. It uses an API version that both sides support, and it
/// ends every request when the engine no longer answers.
/// </summary>
internal sealed class EngineConnection : IDockerEndpointAuthenticationConfiguration, IAuthProvider, IDisposable
{
    /// <summary>The longest time that the engine may take to answer a ping.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(2);

    // The API version of Debian 12's engine, the oldest that the tests support.
    private static readonly Version Oldest = new(1, 41);

    private static readonly ConcurrentDictionary<Uri, EngineConnection> Connections = new();

    private readonly DockerEndpointAuthenticationConfiguration _defaults;
    private readonly Lazy<DockerClient> _unguarded;
    private Version _version;
    private Lazy<DockerClient> _client;
    private CancellationTokenSource _loss = new();
    private string? _lastError;

    private EngineConnection(Uri endpoint)
    {
        _defaults = new DockerEndpointAuthenticationConfiguration(endpoint);
        _version = _defaults.Version;
        _unguarded = new(() => _defaults.GetDockerClientBuilder().WithApiVersion(null).Build());
        _client = new(() => GetDockerClientBuilder().Build());
    }

    public Version Version => _version;

    public Uri Endpoint => _defaults.Endpoint;

    public IAuthProvider AuthProvider => this;

    public bool TlsEnabled => false;

    internal IDockerClient Client => _client.Value;

    /// <summary>Is cancelled when the engine no longer answers.</summary>
    internal CancellationToken Loss => _loss.Token;

    /// <summary>The labels of tests whose leftovers the engine may still have, because it went away before they were removed.</summary>
    internal ConcurrentBag<string> LeftBehind { get; } = [];

    /// <summary>The registries that did not answer, each with the error.</summary>
    internal ConcurrentDictionary<string, string> SilentRegistries { get; } = new();

    /// <summary>The names of the images that were built.</summary>
    internal ConcurrentBag<string> Built { get; } = [];

    /// <param name="endpoint">The address of the engine; null for the default of the docker command.</param>
    internal static EngineConnection To(Uri? endpoint) =>
        Connections.GetOrAdd(endpoint ?? DockerConfig.Instance.GetEndpoint(), key => new EngineConnection(key));

    /// <returns>The engine's own error message for a failed request.</returns>
    internal static string MessageOf(DockerApiException refusal)
    {
        try
        {
            return ((string?)JsonNode.Parse(refusal.ResponseBody ?? "")?["message"] ?? refusal.Message).Trim();
        }
        catch (JsonException)
        {
            return refusal.Message.Trim();
        }
    }

    /// <summary>Removes all connections from the cache and returns them.</summary>
    internal static IEnumerable<EngineConnection> TakeAll()
    {
        foreach (Uri endpoint in Connections.Keys)
        {
            if (Connections.TryRemove(endpoint, out EngineConnection? connection))
            {
                yield return connection;
            }
        }
    }

    public DockerClientBuilder GetDockerClientBuilder(Guid sessionId = default) =>
        _defaults.GetDockerClientBuilder(sessionId).WithApiVersion(_version).WithAuthProvider(this);

    public HttpMessageHandler ConfigureHandler(HttpMessageHandler handler) => new Guard(this, handler);

    /// <summary>Agrees with the engine on an API version.</summary>
    /// <returns>Why the tests cannot use the engine; null if they can.</returns>
    internal async Task<string?> AgreeAsync()
    {
        if (await ErrorOf(cancel => _unguarded.Value.System.GetVersionAsync(cancel), Agree) is { } error)
        {
            return error;
        }

        _lastError = null;
        if (_loss.IsCancellationRequested)
        {
            _loss = new CancellationTokenSource();
        }

        // An engine may refuse a version that it has just reported as supported.
        return await ErrorOf(async cancel => { await Client.System.PingAsync(cancel); return true; }, _ => null);
    }

    /// <returns>Why the engine does not answer; null if it does.</returns>
    internal async Task<string?> ErrorAsync() =>
        _lastError ?? await ErrorOf(async cancel => { await _unguarded.Value.System.PingAsync(cancel); return true; }, _ => null);

    /// <summary>Pings the engine at an interval, and cancels <see cref="Loss"/> when it does not answer.</summary>
    internal async Task WatchAsync(CancellationToken end)
    {
        using PeriodicTimer timer = new(PingInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(end))
            {
                if (await ErrorAsync() is { } error)
                {
                    _lastError = error;
                    await _loss.CancelAsync();
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    public void Dispose()
    {
        _loss.Dispose();
        foreach (Lazy<DockerClient> client in (Lazy<DockerClient>[])[_unguarded, _client])
        {
            if (client.IsValueCreated)
            {
                client.Value.Dispose();
            }
        }
    }

    private string? Agree(VersionResponse engine)
    {
        Version newest = Version.Parse(engine.APIVersion);
        Version version = newest < _defaults.Version ? newest : _defaults.Version;
        if (version < Oldest)
        {
            return $"the Docker engine at {Endpoint} is too old: it speaks API {newest} at most, and the tests speak {Oldest} at least";
        }

        if (Version.TryParse(engine.MinAPIVersion, out Version? least) && version < least)
        {
            return $"the Docker engine at {Endpoint} is too new: it speaks API {least} at least, and Testcontainers speaks {version}";
        }

        if (version != _version)
        {
            _version = version;
            _client = new(() => GetDockerClientBuilder().Build());
        }

        return null;
    }

    private async Task<string?> ErrorOf<T>(Func<CancellationToken, Task<T>> ask, Func<T, string?> judge)
    {
        using CancellationTokenSource timeout = new(AnswerTimeout);
        try
        {
            return judge(await ask(timeout.Token).WaitAsync(timeout.Token));
        }
        catch (OperationCanceledException)
        {
            return $"no Docker engine answers at {Endpoint} within {AnswerTimeout.TotalSeconds} s: sudo integration/prepare starts one";
        }
        catch (DockerApiException refusal)
        {
            return $"the Docker engine at {Endpoint} cannot be used: {MessageOf(refusal)}";
        }
        catch (Exception failure)
        {
            // The client throws many kinds of exceptions if an engine does not answer.
            string why = Endpoint.Scheme == "unix" && !File.Exists(Endpoint.AbsolutePath) ? "there is no such socket" : failure.GetBaseException().Message;
            return $"no Docker engine answers at {Endpoint} ({why}): sudo integration/prepare starts one";
        }
    }

    /// <summary>Ends the pending requests when the engine goes away. Without it the client would wait for the responses.</summary>
    private sealed class Guard(EngineConnection connection, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            CancellationToken loss = connection.Loss;
            using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, loss);
            try
            {
                return await base.SendAsync(request, end.Token).WaitAsync(end.Token);
            }
            catch (OperationCanceledException) when (loss.IsCancellationRequested)
            {
                throw new HttpRequestException(connection._lastError);
            }
        }
    }
}
