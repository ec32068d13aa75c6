using System.Net;
using System.Net.Sockets;
using Testing;

namespace Integration.Containers;

/// <summary>Connections on the loopback interface of the host, to a free port.</summary>
internal sealed class LoopbackConnections : IDisposable
{
    private readonly List<Socket> _sockets = [];
    private readonly List<Socket> _clients = [];

    internal LoopbackConnections(int count)
    {
        Socket listener = NewSocket();
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(count);
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        Count = count;
        for (int i = 0; i < count; i++)
        {
            Socket client = NewSocket();
            client.Connect(IPAddress.Loopback, Port);
            _clients.Add(client);
            _sockets.Add(listener.Accept());
        }
    }

    internal int Port { get; }

    /// <summary>How many are established.</summary>
    internal int Count { get; private set; }

    /// <summary>Lets clients reset their connections. The server's ends stay open: the connections are dead.</summary>
    internal void Reset(int count)
    {
        // A process that is being started would keep the sockets open.
        lock (Starting.Gate)
        {
            foreach (Socket client in _clients.Take(count))
            {
                client.LingerState = new LingerOption(true, 0);
                client.Dispose();
            }
        }

        _clients.RemoveRange(0, count);
        Count -= count;
    }

    public void Dispose()
    {
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }
    }

    private Socket NewSocket()
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(socket);
        return socket;
    }
}
