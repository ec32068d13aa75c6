using System.Collections.Concurrent;
using System.Net.Sockets;
using Testing;

namespace Integration.Docker;

/// <summary>A proxy in front of an engine's unix socket. With it a test takes the engine away and gives it back.</summary>
internal sealed class EngineProxy : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly UnixDomainSocketEndPoint _engine;
    private Socket _listener;
    private volatile bool _stalled;

    internal EngineProxy(Uri engine)
    {
        _engine = new UnixDomainSocketEndPoint(engine.AbsolutePath);
        _listener = Listen();
    }

    internal Uri Endpoint => new($"unix://{_scratch["engine.sock"]}");

    /// <summary>Acts like a stopped or killed engine: closes all connections and stops listening.</summary>
    internal void Cut()
    {
        _listener.Dispose();
        File.Delete(_scratch["engine.sock"]);
        while (_sockets.TryTake(out Socket? socket))
        {
            socket.Dispose();
        }
    }

    /// <summary>Acts like a hung engine: accepts connections, keeps them open, and answers nothing.</summary>
    internal void Stall() => _stalled = true;

    /// <summary>Brings the engine back. Requests that were pending stay unanswered.</summary>
    internal void Heal()
    {
        Cut();
        _stalled = false;
        _listener = Listen();
    }

    public void Dispose()
    {
        Cut();
        _scratch.Dispose();
    }

    private Socket Listen()
    {
        Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_scratch["engine.sock"]));
        listener.Listen(128);
        _ = AcceptAsync(listener);
        return listener;
    }

    private async Task AcceptAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                Socket client = await listener.AcceptAsync();
                Socket engine = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                _sockets.Add(client);
                _sockets.Add(engine);
                await engine.ConnectAsync(_engine);
                _ = ForwardAsync(client, engine);
                _ = ForwardAsync(engine, client);
            }
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // Cut() closed the sockets.
        }
    }

    private async Task ForwardAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            int length;
            while ((length = await from.ReceiveAsync(buffer)) > 0)
            {
                if (_stalled)
                {
                    return;
                }

                for (int sent = 0; sent < length;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, length - sent));
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // Cut() closed the sockets, or one side closed its connection.
        }
    }
}
