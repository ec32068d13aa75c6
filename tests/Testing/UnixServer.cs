using System.Net.Sockets;

namespace Testing;

/// <summary>A server on a unix socket and its clients, in a namespace. Disposing closes all sockets and deletes the server's file.</summary>
internal sealed class UnixServer : IDisposable
{
    private readonly TestNamespace _namespace;
    private readonly SocketType _type;
    private readonly List<Socket> _sockets = [];
    private readonly Socket _listener;
    private readonly string _path;

    /// <param name="in">The namespace of the server and its clients.</param>
    /// <param name="path">The path to which the server binds its socket.</param>
    /// <param name="type">Stream or sequenced packets.</param>
    /// <param name="backlog">How many connections may wait.</param>
    internal UnixServer(TestNamespace @in, string path, SocketType type = SocketType.Stream, int backlog = 100)
    {
        _namespace = @in;
        _path = path;
        _type = type;
        _listener = @in.Run(() =>
        {
            Socket listener = new(AddressFamily.Unix, type, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen(backlog);
            return listener;
        });
        _sockets.Add(_listener);
    }

    /// <summary>Connects clients and accepts them.</summary>
    internal IReadOnlyList<(Socket Client, Socket Server)> Accept(int count, string? at = null, TestNamespace? from = null)
    {
        List<(Socket, Socket)> pairs = [];
        for (int i = 0; i < count; i++)
        {
            Socket client = Connect(at, from);
            Socket server = _listener.Accept();
            _sockets.Add(server);
            pairs.Add((client, server));
        }

        return pairs;
    }

    /// <summary>Connects clients and leaves them in the accept queue.</summary>
    internal void LeaveUnaccepted(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Connect(null, null);
        }
    }

    /// <summary>Closes the listening socket; its connections stay. .NET deletes the file.</summary>
    internal void CloseListener() => _listener.Dispose();

    public void Dispose()
    {
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }
    }

    private Socket Connect(string? at, TestNamespace? from) => (from ?? _namespace).Run(() =>
    {
        Socket client = new(AddressFamily.Unix, _type, ProtocolType.Unspecified);
        _sockets.Add(client);
        client.Connect(new UnixDomainSocketEndPoint(at ?? _path));
        return client;
    });
}
