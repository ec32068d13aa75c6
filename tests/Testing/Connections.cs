using System.Net;
using System.Net.Sockets;

namespace Testing;

/// <summary>
/// A server and clients of it in a namespace: accepted, not accepted, half-closed, closed, as many as a test asks for. Everything is closed when
/// it is disposed.
/// </summary>
internal sealed class Connections : IDisposable
{
    // linux/tcp.h. A socket in repair mode is closed without telling the other end, so that ten thousand connections cost ten thousand
    // descriptors and not twice as many.
    private const int TcpRepair = 19;

    private readonly TestNamespace _namespace;
    private readonly List<Socket> _sockets = [];
    private readonly Socket _listener;
    private readonly IPAddress _serverAddress;
    private int _nextRepairedPort = 10_000;
    private bool _leftUnaccepted;

    /// <param name="in">Where.</param>
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

    /// <summary>Clients that the server has accepted.</summary>
    internal IReadOnlyList<(Socket Client, Socket Server)> Accept(int count, IPAddress? to = null, IPAddress? from = null)
    {
        Assert.False(_leftUnaccepted, "the server would accept those that were to be left");
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

    /// <summary>The client that another process is.</summary>
    internal void AcceptOther()
    {
        Assert.True(_listener.Poll(Poll.Patience, SelectMode.SelectRead), "no other process has connected");
        _sockets.Add(_listener.Accept());
    }

    /// <summary>Clients that wait in the accept queue; the last that may be asked for.</summary>
    internal void LeaveUnaccepted(int count, IPAddress? to = null) => _namespace.Run(() =>
    {
        _leftUnaccepted = true;
        for (int i = 0; i < count; i++)
        {
            Connect(to, new IPEndPoint(AnyOf(to ?? _serverAddress), 0));
        }
    });

    /// <summary>Clients that have hung up while the server has not: CLOSE_WAIT here, FIN_WAIT2 there.</summary>
    internal void HalfClose(int count)
    {
        foreach ((Socket client, _) in Accept(count))
        {
            client.Shutdown(SocketShutdown.Send);
        }
    }

    /// <summary>Connections that the server has closed first, so that TIME_WAIT is on the server's port.</summary>
    internal void LeaveInTimeWait(int count)
    {
        foreach ((Socket client, Socket server) in Accept(count))
        {
            // Closing alone is put off while anybody else holds the descriptors: a process that another test starts, until it executes, or
            // whoever reads where /proc/PID/fd/N points.
            server.Shutdown(SocketShutdown.Both);
            client.Shutdown(SocketShutdown.Both);
            server.Close();
            client.Close();
        }
    }

    /// <summary>Accepted connections of which only the server's end exists; for large numbers.</summary>
    internal void AcceptOneEnded(int count) => _namespace.Run(() =>
    {
        lock (Starting.Gate)
        {
            for (int i = 0; i < count; i++)
            {
                // A port of its own each, for the kernel would give the same one out again.
                Socket client = Connect(null, new IPEndPoint(IPAddress.Loopback, _nextRepairedPort++));
                Socket server = _listener.Accept();
                client.SetRawSocketOption((int)SocketOptionLevel.Tcp, TcpRepair, BitConverter.GetBytes(1));
                client.Close();
                // In the client's place, which is the last one.
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
