using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Testing;

/// <summary>
/// A server that limits connections per client address like Consul with go-connlimit. A connection takes a slot when it is accepted and frees it when the
/// server closes it. All ports share the slots. A connection over the limit gets 429 and is closed.
/// </summary>
internal sealed class LimitingServer : IDisposable
{
    // As Consul sends it from 1.9 on: HTTPConnStateFuncWithDefault429Handler.
    private static readonly byte[] TooMany =
        "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nYour IP is issuing too many concurrent connections, please rate limit your calls\n"u8.ToArray();

    private readonly ConcurrentDictionary<IPAddress, int> _slots = [];
    private readonly ConcurrentDictionary<Socket, IPAddress> _accepted = [];
    private readonly List<Socket> _listeners = [];
    private readonly List<TestThread> _threads = [];
    private readonly int _limit;
    private int _answered;

    internal LimitingServer(TestNamespace @in, int limit, IPAddress address, params int[] ports)
    {
        _limit = limit;
        foreach (int port in ports)
        {
            Socket listener = @in.Run(() => Listen(address, port));
            _listeners.Add(listener);
            _threads.Add(TestThread.Start("limiting server", () => Serve(listener)));
        }
    }

    /// <summary>The number of connections that were accepted or refused.</summary>
    internal int Answered => Volatile.Read(ref _answered);

    /// <summary>The slots that each client holds, v4-mapped addresses as IPv4 ones.</summary>
    internal Dictionary<string, int> Slots =>
        _slots.Where(client => client.Value > 0).ToDictionary(client => client.Key.ToString(), client => client.Value);

    /// <summary>Closes the accepted connections of a client, as after the end of their requests.</summary>
    internal void Close(IPAddress client, int count)
    {
        foreach ((Socket socket, IPAddress peer) in _accepted.Where(each => each.Value.Equals(client)).Take(count).ToArray())
        {
            _accepted.TryRemove(socket, out _);
            Shut(socket);
            _slots.AddOrUpdate(peer, 0, (_, held) => held - 1);
        }
    }

    public void Dispose()
    {
        // shutdown(2) wakes the thread that waits in accept(2); closing does not.
        _listeners.ForEach(listener => listener.Shutdown(SocketShutdown.Both));
        _threads.ForEach(thread => thread.Join());
        _listeners.ForEach(listener => listener.Dispose());
        foreach (Socket socket in _accepted.Keys)
        {
            socket.Dispose();
        }
    }

    private static Socket Listen(IPAddress address, int port)
    {
        Socket listener = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (address.Equals(IPAddress.IPv6Any))
        {
            listener.DualMode = true;
        }

        listener.Bind(new IPEndPoint(address, port));
        listener.Listen(128);
        return listener;
    }

    private static void Shut(Socket socket)
    {
        // close(2) alone may have no effect for a moment: see Connections.
        socket.Shutdown(SocketShutdown.Both);
        socket.Dispose();
    }

    private void Serve(Socket listener)
    {
        while (true)
        {
            Socket connection;
            try
            {
                connection = listener.Accept();
            }
            catch (SocketException)
            {
                return;
            }

            IPAddress peer = ((IPEndPoint)connection.RemoteEndPoint!).Address;
            peer = peer.IsIPv4MappedToIPv6 ? peer.MapToIPv4() : peer;
            if (_slots.GetOrAdd(peer, 0) >= _limit)
            {
                connection.Send(TooMany);
                Shut(connection);
            }
            else
            {
                _slots.AddOrUpdate(peer, 1, (_, held) => held + 1);
                _accepted[connection] = peer;
            }

            Interlocked.Increment(ref _answered);
        }
    }
}
