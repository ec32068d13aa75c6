using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Testing;

/// <summary>A server on loopback that answers like Consul's <c>/v1/agent/self</c>, or as a test configures it.</summary>
internal sealed class FakeConsul : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _gate = new();
    private readonly List<string> _requests = [];
    private readonly Task _accepting;
    private int _closedByClient;

    internal FakeConsul()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>The bytes to send, unchanged.</summary>
    internal string Reply { get; set; } = Ok(Self("200"));

    /// <summary>Whether the server closes the connection, or leaves that to the client.</summary>
    internal bool HangsUp { get; init; }

    /// <summary>Whether the server reads the request before it answers. Consul does not read the request of a client at its limit.</summary>
    internal bool Reads { get; init; } = true;

    /// <summary>Its certificate, and its requirements for that of the client; null for plain HTTP.</summary>
    internal SslServerAuthenticationOptions? Tls { get; init; }

    /// <summary>Called with each request before the answer; null for nothing.</summary>
    internal Action? Asked { get; init; }

    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    internal Uri Address => new($"{(Tls is null ? "http" : "https")}://127.0.0.1:{Port}");

    /// <summary>The received requests, each with its headers.</summary>
    internal IReadOnlyList<string> Requests
    {
        get
        {
            lock (_gate)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>The number of connections that the client has closed.</summary>
    internal int ClosedByClient => Volatile.Read(ref _closedByClient);

    /// <summary>Consul's answer, reduced to the relevant fields and padded to its usual size.</summary>
    internal static string Self(string limit) =>
        $$"""
        {"Config":{"Datacenter":"dc1","NodeName":"n1","Version":"1.20.1"},
         "DebugConfig":{"HTTPAddrs":["tcp://127.0.0.1:8500"],"Filler":"{{new string('x', 60_000)}}",
         "HTTPMaxConnsPerClient":{{limit}},"HTTPPort":8500},
         "Member":{"Name":"n1"},"Meta":{} }
        """;

    internal static string Ok(string body) =>
        $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    internal static string Status(string status, string body = "") =>
        $"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\n\r\n{body}";

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _accepting;
        _listener.Stop();
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> clients = [];
        try
        {
            while (true)
            {
                clients.Add(ServeAsync(await _listener.AcceptSocketAsync(_ending.Token)));
            }
        }
        catch (OperationCanceledException)
        {
        }

        await Task.WhenAll(clients);
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            using NetworkStream plain = new(socket, ownsSocket: true);
            await using Stream stream = await SecureAsync(plain);
            if (Reads)
            {
                await ReadRequestAsync(stream);
            }

            Asked?.Invoke();
            await stream.WriteAsync(Encoding.UTF8.GetBytes(Reply), _ending.Token);
            if (!HangsUp)
            {
                await UntilClosedAsync(stream);
                Interlocked.Increment(ref _closedByClient);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException or System.Security.Authentication.AuthenticationException)
        {
            // The client disconnected or rejected the certificate, or the test has ended.
        }
    }

    private async Task UntilClosedAsync(Stream stream)
    {
        try
        {
            await stream.CopyToAsync(Stream.Null, _ending.Token);
        }
        catch (IOException)
        {
            // A reset: the client closed the connection before it had read everything.
        }
    }

    private async Task<Stream> SecureAsync(Stream plain)
    {
        if (Tls is null)
        {
            return plain;
        }

        SslStream secure = new(plain);
        await secure.AuthenticateAsServerAsync(Tls, _ending.Token);
        return secure;
    }

    private async Task ReadRequestAsync(Stream stream)
    {
        StringBuilder request = new();
        byte[] one = new byte[1];
        while (!request.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _ending.Token) == 0)
            {
                throw new IOException("the client closed the connection before the end of its request");
            }

            request.Append((char)one[0]);
        }

        lock (_gate)
        {
            _requests.Add(request.ToString());
        }
    }
}
