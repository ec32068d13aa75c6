using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Testing;

namespace Integration.Consul;

/// <summary>
/// Clients of a Consul in a network namespace. The test chooses their source addresses. They also find out how many more connections Consul
/// accepts.
/// </summary>
internal sealed class ConsulClients(TestNamespace @in) : IDisposable
{
    /// <summary>The address of a client that no test counts.</summary>
    internal const string Bystander = "127.0.0.200";

    /// <summary>More connections than any test's limit. If Consul accepts that many, it has no limit.</summary>
    internal const int Unlimited = 230;

    private static readonly byte[] Request = "GET /v1/status/leader HTTP/1.1\r\nHost: consul\r\n\r\n"u8.ToArray();

    private readonly List<Socket> _sockets = [];

    /// <summary>Opens connections that send nothing.</summary>
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

    /// <summary>Opens connections to a unix socket. They send nothing.</summary>
    internal IReadOnlyList<Socket> ConnectUnix(int count, string path) => @in.Run(() =>
    {
        Socket[] connected = new Socket[count];
        for (int i = 0; i < count; i++)
        {
            connected[i] = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            {
                ReceiveTimeout = (int)Poll.Timeout.TotalMilliseconds,
            };
            _sockets.Add(connected[i]);
            connected[i].Connect(new UnixDomainSocketEndPoint(path));
        }

        return connected;
    });

    /// <summary>Opens connections and sends a text on each.</summary>
    internal IReadOnlyList<Socket> Send(int count, string text, string from = "127.0.0.1", int port = ConsulServer.HttpPort)
    {
        IReadOnlyList<Socket> connected = Connect(count, from, port: port);
        foreach (Socket socket in connected)
        {
            socket.Send(Encoding.ASCII.GetBytes(text));
        }

        return connected;
    }

    /// <summary>Opens connections, makes a request on each, and keeps them open as HTTP clients do.</summary>
    internal IReadOnlyList<Socket> KeepAlive(int count, string from = "127.0.0.1", string to = "127.0.0.1")
    {
        IReadOnlyList<Socket> connected = Connect(count, from, to);
        Assert.All(connected, socket => Assert.True(IsAccepted(socket), $"Consul refused a connection from {from}"));
        return connected;
    }

    /// <summary>
    /// Waits until Consul has accepted or refused all connections that were opened before. Consul accepts the connections of a port in
    /// their order, so it has done so when it answers a later one.
    /// </summary>
    internal void WaitUntilAccepted(int port = ConsulServer.HttpPort)
    {
        // The HTTPS port answers plain HTTP, too: with an error that asks for TLS.
        Socket later = Connect(1, Bystander, port: port)[0];
        Assert.NotEmpty(Ask(later));
        HangUp(later);
    }

    /// <summary>Finds out how many more connections Consul accepts from an address: opens them and closes them again.</summary>
    internal int FreeSlots(string from = "127.0.0.1", string to = "127.0.0.1") => FreeSlots(() => Connect(1, from, to)[0]);

    /// <summary>Finds out how many more connections Consul accepts on a unix socket.</summary>
    internal int FreeUnixSlots(string path) => FreeSlots(() => ConnectUnix(1, path)[0]);

    private static int FreeSlots(Func<Socket> connect)
    {
        List<Socket> accepted = [];
        Socket next = connect();
        while (accepted.Count < Unlimited && IsAccepted(next))
        {
            accepted.Add(next);
            next = connect();
        }

        next.Dispose();
        accepted.ForEach(HangUp);
        return accepted.Count;
    }

    /// <summary>Calls Consul's HTTP API from the address of the bystander.</summary>
    /// <param name="call">Method and path of the request.</param>
    /// <param name="body">The body of the request.</param>
    /// <param name="token">The ACL token of the request.</param>
    /// <returns>The status and the body; 0 if Consul closed the connection without a response.</returns>
    internal (int Status, string Body) Call(string call, string body = "", string token = "")
    {
        // In HTTP/1.0 the end of the connection ends the response.
        Socket socket = Send(1, $"{call} HTTP/1.0\r\nX-Consul-Token: {token}\r\nContent-Length: {body.Length}\r\n\r\n{body}", Bystander)[0];
        using NetworkStream stream = new(socket, ownsSocket: true);
        using StreamReader reader = new(stream);
        string answer = reader.ReadToEnd();
        return answer.Split(' ', 3) is [_, var status, var rest]
            ? (int.Parse(status, CultureInfo.InvariantCulture), rest[(rest.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])
            : (0, "");
    }

    /// <summary>Closes a connection and waits until Consul has closed its end, too.</summary>
    internal static void HangUp(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            AwaitEnd(socket);
        }
        catch (SocketException failure) when (failure.SocketErrorCode is SocketError.ConnectionReset or SocketError.NotConnected)
        {
            // Consul closed it first.
        }

        socket.Dispose();
    }

    /// <summary>Closes connections without waiting for Consul. The kernel sends a FIN for each.</summary>
    internal static void Close(IEnumerable<Socket> sockets) => Close(sockets, reset: false);

    /// <summary>Resets connections: the kernel ends them at both ends at once, and removes them from its table.</summary>
    internal static void Reset(IEnumerable<Socket> sockets) => Close(sockets, reset: true);

    /// <summary>Reads until Consul closes its end.</summary>
    internal static void AwaitEnd(Socket socket)
    {
        byte[] rest = new byte[4096];
        while (socket.Receive(rest) > 0)
        {
        }
    }

    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());

    private static void Close(IEnumerable<Socket> sockets, bool reset)
    {
        // A process that is being started would keep the sockets open.
        lock (Starting.Gate)
        {
            foreach (Socket socket in sockets)
            {
                if (reset)
                {
                    socket.LingerState = new LingerOption(true, 0);
                }

                socket.Dispose();
            }
        }
    }

    /// <summary>
    /// Whether Consul answers a request on the connection. Beyond the limit, Consul up to 1.8 closes the connection; from 1.9 on it sends
    /// 429 first.
    /// </summary>
    private static bool IsAccepted(Socket socket)
    {
        string answer = Ask(socket);
        Assert.True(
            answer.Length == 0 || answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) || answer.StartsWith("HTTP/1.1 429 ", StringComparison.Ordinal),
            answer);
        return answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal);
    }

    /// <returns>The response, which is short; empty if Consul closed the connection without a response.</returns>
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
