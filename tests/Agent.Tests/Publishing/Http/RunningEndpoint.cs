using System.Net;
using System.Net.Sockets;
using Agent.Configuration;
using Agent.Publishing.Http;
using Testing;

namespace Agent.Tests.Publishing.Http;

/// <summary>An endpoint on a free port, by default of loopback.</summary>
internal sealed class RunningEndpoint : IAsyncDisposable
{
    private const int Attempts = 10;

    private readonly CancellationTokenSource _stopping;

    private RunningEndpoint(Task run, IPEndPoint address, RecordingLoggers loggers, CancellationTokenSource stopping) =>
        (Run, Address, Loggers, _stopping) = (run, address, loggers, stopping);

    /// <summary>Completes when the endpoint stops.</summary>
    internal Task Run { get; }

    internal IPEndPoint Address { get; }

    internal int Port => Address.Port;

    internal IReadOnlyList<string> Log => Loggers.Lines;

    private RecordingLoggers Loggers { get; }

    /// <summary>Starts an endpoint.</summary>
    /// <param name="content">Its data.</param>
    /// <param name="configure">Changes its settings.</param>
    /// <param name="limits">The resources that clients may use.</param>
    /// <param name="time">Its clock.</param>
    /// <param name="address">Its address; 127.0.0.1 by default.</param>
    internal static async Task<RunningEndpoint> Start(
        FakeContent? content = null,
        Func<EndpointSettings, EndpointSettings>? configure = null,
        EndpointLimits? limits = null,
        TimeProvider? time = null,
        IPAddress? address = null)
    {
        for (int attempt = 1; ; attempt++)
        {
            IPEndPoint where = new(address ?? IPAddress.Loopback, FreePort.Next());
            EndpointSettings settings = new(new ListenAddresses([where]));
            RecordingLoggers loggers = new();
            Endpoint endpoint = new(configure?.Invoke(settings) ?? settings, content ?? new FakeContent(), time ?? TimeProvider.System, loggers)
            {
                Limits = limits ?? EndpointLimits.ForThisProcess(),
            };
            CancellationTokenSource stopping = new();
            TaskCompletionSource serving = new();
            Task run = endpoint.RunAsync(serving.SetResult, stopping.Token);
            if (await Task.WhenAny(serving.Task, run) == serving.Task)
            {
                return new RunningEndpoint(run, where, loggers, stopping);
            }

            // Another program has taken the port meanwhile.
            if (attempt == Attempts || !run.Exception!.Message.Contains("another program listens there"))
            {
                await run;
            }
        }
    }

    /// <summary>A client that connects from this address of loopback.</summary>
    internal HttpClient Client(string from = "127.0.0.1", SocketsHttpHandler? handler = null)
    {
        handler ??= new SocketsHttpHandler();
        handler.UseProxy = false;
        handler.ConnectCallback = async (_, cancellationToken) => new NetworkStream(await ConnectFrom(from, cancellationToken), ownsSocket: true);
        string scheme = handler.SslOptions.RemoteCertificateValidationCallback is null && handler.SslOptions.CertificateChainPolicy is null ? "http" : "https";
        return new HttpClient(handler) { BaseAddress = new Uri($"{scheme}://127.0.0.1:{Port}") };
    }

    internal Task<Socket> Connect(string from = "127.0.0.1") => ConnectFrom(from, TestContext.Current.CancellationToken);

    internal async Task Stop()
    {
        await _stopping.CancelAsync();
        await Run;
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        _stopping.Dispose();
    }

    private async Task<Socket> ConnectFrom(string from, CancellationToken cancellationToken)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
            await socket.ConnectAsync(IPAddress.Loopback, Port, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
