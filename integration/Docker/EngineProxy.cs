using System.Collections.Concurrent;
using System.Net.Sockets;
using Testing;

namespace Integration.Docker;

/// <summary>A socket in front of an engine's, for a test to take the engine away and give it back.</summary>
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

    /// <summary>As an engine does that is stopped or killed: all connections are closed, and nothing listens.</summary>
    internal void Cut()
    {
        _listener.Dispose();
        File.Delete(_scratch["engine.sock"]);
        while (_sockets.TryTake(out Socket? socket))
        {
            socket.Dispose();
        }
    }

    /// <summary>As an engine does that hangs: connections are made and stay, and nothing is answered.</summary>
    internal void Stall() => _stalled = true;

    /// <summary>The engine is back, without the requests that were under way.</summary>
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
            // It was cut.
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
            // It was cut, or one of both has hung up.
        }
    }
}
