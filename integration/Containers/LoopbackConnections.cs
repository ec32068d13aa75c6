using System.Net;
using System.Net.Sockets;

namespace Integration.Containers;

/// <summary>Connections on the loopback interface of the host, to a free port.</summary>
internal sealed class LoopbackConnections : IDisposable
{
    private readonly List<Socket> _sockets = [];

    internal LoopbackConnections(int count)
    {
        Socket listener = NewSocket();
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(count);
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        Count = count;
        for (int i = 0; i < count; i++)
        {
            NewSocket().Connect(IPAddress.Loopback, Port);
            _sockets.Add(listener.Accept());
        }
    }

    internal int Port { get; }

    internal int Count { get; }

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
