using System.Net;
using System.Net.Sockets;

namespace Testing;

/// <summary>Clients of any server in a namespace. Disposing closes them.</summary>
internal sealed class Clients(TestNamespace @in) : IDisposable
{
    private readonly List<Socket> _sockets = [];

    /// <summary>Connects clients.</summary>
    /// <param name="count">How many.</param>
    /// <param name="port">The server's port.</param>
    /// <param name="to">The server's address; by default that of loopback with the IP version of <paramref name="from"/>.</param>
    /// <param name="from">The clients' own address; 127.0.0.1 by default.</param>
    internal void Connect(int count, int port, IPAddress? to = null, IPAddress? from = null) => @in.Run(() =>
    {
        from ??= IPAddress.Loopback;
        to ??= from.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback;
        for (int i = 0; i < count; i++)
        {
            Socket client = new(from.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            client.Bind(new IPEndPoint(from, 0));
            client.Connect(new IPEndPoint(to, port));
            _sockets.Add(client);
        }
    });

    /// <summary>Resets the first connections: the kernel ends them at both ends at once, and removes them from its table.</summary>
    internal void Reset(int count)
    {
        // A process that is being started would keep the sockets open.
        lock (Starting.Gate)
        {
            foreach (Socket client in _sockets.Take(count))
            {
                client.LingerState = new LingerOption(true, 0);
                client.Dispose();
            }
        }

        _sockets.RemoveRange(0, count);
    }

    /// <summary>Resets all connections.</summary>
    internal void Reset() => Reset(_sockets.Count);

    public void Dispose() => _sockets.ForEach(client => client.Dispose());
}
