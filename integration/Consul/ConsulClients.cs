using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Testing;

namespace Integration.Consul;

/// <summary>Clients of a Consul in a namespace, from addresses of the test's choice, and the truth about how many more it takes.</summary>
internal sealed class ConsulClients(TestNamespace @in) : IDisposable
{
    /// <summary>A client that no test counts.</summary>
    internal const string Bystander = "127.0.0.200";

    /// <summary>More than any test's limit: where Consul takes that many it has no limit.</summary>
    internal const int Unlimited = 230;

    private static readonly byte[] Request = "GET /v1/status/leader HTTP/1.1\r\nHost: consul\r\n\r\n"u8.ToArray();

    private readonly List<Socket> _sockets = [];

    /// <summary>Connections that never sent a byte.</summary>
    internal IReadOnlyList<Socket> Connect(int count, string from = "127.0.0.1", string to = "127.0.0.1", int port = ConsulServer.HttpPort) => @in.Run(() =>
    {
        Socket[] connected = new Socket[count];
        for (int i = 0; i < count; i++)
        {
            IPAddress local = IPAddress.Parse(from);
            connected[i] = new Socket(local.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            {
                ReceiveTimeout = (int)Poll.Timeout.TotalMilliseconds,
            };
            _sockets.Add(connected[i]);
            connected[i].Bind(new IPEndPoint(local, 0));
            connected[i].Connect(new IPEndPoint(IPAddress.Parse(to), port));
        }

        return connected;
    });

    /// <summary>Connections that have sent something.</summary>
    internal IReadOnlyList<Socket> Send(int count, string text, string from = "127.0.0.1", int port = ConsulServer.HttpPort)
    {
        IReadOnlyList<Socket> connected = Connect(count, from, port: port);
        foreach (Socket socket in connected)
        {
            socket.Send(Encoding.ASCII.GetBytes(text));
        }

        return connected;
    }

    /// <summary>Connections that had an answer and are kept, as HTTP clients do.</summary>
    internal IReadOnlyList<Socket> KeepAlive(int count, string from = "127.0.0.1", string to = "127.0.0.1")
    {
        IReadOnlyList<Socket> connected = Connect(count, from, to);
        Assert.All(connected, socket => Assert.True(IsTaken(socket), $"Consul refuses {from}"));
        return connected;
    }

    /// <summary>
    /// Returns when Consul has accepted or refused all that were opened before: it takes connections of a port in their order, and answers a
    /// later one.
    /// </summary>
    internal void Settle(int port = ConsulServer.HttpPort)
    {
        // A port for HTTPS answers as well: that it wants TLS.
        Socket later = Connect(1, Bystander, port: port)[0];
        Assert.NotEmpty(Ask(later));
        HangUp(later);
    }

    /// <summary>How many more connections Consul takes from an address, found by opening them; they are closed again.</summary>
    internal int TakesMore(string from = "127.0.0.1", string to = "127.0.0.1")
    {
        List<Socket> taken = [];
        Socket next = Connect(1, from, to)[0];
        while (taken.Count < Unlimited && IsTaken(next))
        {
            taken.Add(next);
            next = Connect(1, from, to)[0];
        }

        next.Dispose();
        taken.ForEach(HangUp);
        return taken.Count;
    }

    /// <summary>A call of Consul's API by the bystander.</summary>
    /// <param name="call">Method and path.</param>
    /// <param name="body">What goes with it.</param>
    /// <param name="token">Who calls, where Consul has ACLs.</param>
    /// <returns>The status, and the body; 0 where the connection was closed without an answer.</returns>
    internal (int Status, string Body) Call(string call, string body = "", string token = "")
    {
        // By HTTP/1.0 the answer ends with the connection.
        Socket socket = Send(1, $"{call} HTTP/1.0\r\nX-Consul-Token: {token}\r\nContent-Length: {body.Length}\r\n\r\n{body}", Bystander)[0];
        using NetworkStream stream = new(socket, ownsSocket: true);
        using StreamReader reader = new(stream);
        string answer = reader.ReadToEnd();
        return answer.Split(' ', 3) is [_, var status, var rest]
            ? (int.Parse(status, CultureInfo.InvariantCulture), rest[(rest.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])
            : (0, "");
    }

    /// <summary>Closes a connection, and returns when Consul has closed its end as well.</summary>
    internal static void HangUp(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            AwaitEnd(socket);
        }
        catch (SocketException failure) when (failure.SocketErrorCode is SocketError.ConnectionReset or SocketError.NotConnected)
        {
            // Consul closed it before.
        }

        socket.Dispose();
    }

    /// <summary>Reads until Consul closes its end.</summary>
    internal static void AwaitEnd(Socket socket)
    {
        byte[] rest = new byte[4096];
        while (socket.Receive(rest) > 0)
        {
        }
    }

    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());

    /// <summary>Whether Consul answers the connection's request. To 1.8 it closes one that is too many; from 1.9 it says 429 before.</summary>
    private static bool IsTaken(Socket socket)
    {
        string answer = Ask(socket);
        Assert.True(
            answer.Length == 0 || answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) || answer.StartsWith("HTTP/1.1 429 ", StringComparison.Ordinal),
            answer);
        return answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal);
    }

    /// <returns>The answer, which is short; nothing where the connection was closed without one.</returns>
    private static string Ask(Socket socket)
    {
        byte[] answer = new byte[4096];
        try
        {
            socket.Send(Request);
            return Encoding.ASCII.GetString(answer[..socket.Receive(answer)]);
        }
        catch (SocketException failure) when (failure.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            return "";
        }
    }
}
