using System.Net;
using System.Net.Sockets;

namespace Testing;

/// <summary>
/// A server and its clients in a namespace. A test chooses how many of them are accepted, unaccepted, half-closed or closed. Disposing closes all
/// sockets.
/// </summary>
internal sealed class Connections : IDisposable
{
    // linux/tcp.h. Closing a socket in repair mode sends nothing to the other end, so ten thousand connections need ten thousand descriptors instead of
    // twice as many.
    private const int TcpRepair = 19;

    private readonly TestNamespace _namespace;
    private readonly List<Socket> _sockets = [];
    private readonly Socket _listener;
    private readonly IPAddress _serverAddress;
    private int _nextRepairedPort = 10_000;
    private bool _leftUnaccepted;

    /// <param name="in">The namespace of the server and its clients.</param>
    /// <param name="port">The server's port.</param>
    /// <param name="listenOn">Loopback by default; IPv6Any listens for both IP versions.</param>
    internal Connections(TestNamespace @in, int port, IPAddress? listenOn = null)
    {
        _namespace = @in;
        Port = port;
        IPAddress address = listenOn ?? IPAddress.Loopback;
        _serverAddress = address.Equals(IPAddress.IPv6Any) ? IPAddress.Loopback : address;
        _listener = @in.Run(() =>
        {
            Socket listener = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
            {
                listener.DualMode = address.Equals(IPAddress.IPv6Any);
            }

            listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            listener.Bind(new IPEndPoint(address, port));
            listener.Listen(1024);
            return listener;
        });
        _sockets.Add(_listener);
    }

    internal int Port { get; }

    /// <summary>Connects clients and accepts them.</summary>
    internal IReadOnlyList<(Socket Client, Socket Server)> Accept(int count, IPAddress? to = null, IPAddress? from = null)
    {
        Assert.False(_leftUnaccepted, "the server would accept the unaccepted connections");
        List<(Socket, Socket)> pairs = [];
        _namespace.Run(() =>
        {
            for (int i = 0; i < count; i++)
            {
                Socket client = Connect(to, new IPEndPoint(from ?? AnyOf(to ?? _serverAddress), 0));
                Socket server = _listener.Accept();
                _sockets.Add(server);
                pairs.Add((client, server));
            }
        });
        return pairs;
    }

    /// <summary>Accepts the connection of another process.</summary>
    internal void AcceptOther()
    {
        Assert.True(_listener.Poll(Poll.Timeout, SelectMode.SelectRead), "no other process has connected");
        _sockets.Add(_listener.Accept());
    }

    /// <summary>Connects clients and leaves them in the accept queue. No client can be accepted afterwards.</summary>
    internal void LeaveUnaccepted(int count, IPAddress? to = null) => _namespace.Run(() =>
    {
        _leftUnaccepted = true;
        for (int i = 0; i < count; i++)
        {
            Connect(to, new IPEndPoint(AnyOf(to ?? _serverAddress), 0));
        }
    });

    /// <summary>Connects clients that shut down their side: CLOSE_WAIT on the server, FIN_WAIT2 on the client.</summary>
    internal void HalfClose(int count)
    {
        foreach ((Socket client, _) in Accept(count))
        {
            client.Shutdown(SocketShutdown.Send);
        }
    }

    /// <summary>Connects clients and closes the server's end first, so that TIME_WAIT is on the server's port.</summary>
    internal void LeaveInTimeWait(int count)
    {
        foreach ((Socket client, Socket server) in Accept(count))
        {
            // close(2) alone has no effect while another process holds the descriptors: one that another test has forked and that has not called execve yet, or one
            // that reads the link /proc/PID/fd/N.
            server.Shutdown(SocketShutdown.Both);
            client.Shutdown(SocketShutdown.Both);
            server.Close();
            client.Close();
        }
    }

    /// <summary>Creates accepted connections without a client's end; for large numbers.</summary>
    internal void AcceptOneEnded(int count) => _namespace.Run(() =>
    {
        lock (Starting.Gate)
        {
            for (int i = 0; i < count; i++)
            {
                // A different port for each, because the kernel would assign the same one again.
                Socket client = Connect(null, new IPEndPoint(IPAddress.Loopback, _nextRepairedPort++));
                Socket server = _listener.Accept();
                client.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpRepair, BitConverter.GetBytes(1));
                client.Close();
                // It replaces the client, which is the last one.
                _sockets[^1] = server;
            }
        }
    });

    public void Dispose()
    {
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }
    }

    private static IPAddress AnyOf(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any;

    private Socket Connect(IPAddress? to, IPEndPoint from)
    {
        IPAddress address = to ?? _serverAddress;
        Socket client = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(client);
        client.Bind(from);
        client.Connect(new IPEndPoint(address, Port));
        return client;
    }
}
