using System.Net.Sockets;
using System.Text;

namespace Agent.Tests.Publishing.Http;

/// <summary>Sends bytes that may or may not be HTTP.</summary>
internal static class RawHttp
{
    internal const string Scrape = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    /// <summary>Sends on a new connection, and reads until the server closes it.</summary>
    /// <returns>The answer; "" if the connection was reset before it, which may happen during connect.</returns>
    internal static async Task<string> Ask(RunningEndpoint endpoint, string request, string from = "127.0.0.1")
    {
        Socket socket;
        try
        {
            socket = await endpoint.Connect(from);
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            // The kernel completes the handshake, and the server may reset the connection before connect returns.
            return "";
        }

        using (socket)
        {
            try
            {
                await Send(socket, request);
            }
            catch (SocketException closed) when (IsClosed(closed))
            {
                // The server did not read the whole request. Its answer can still be read.
            }

            return await ReadToEnd(socket);
        }
    }

    /// <summary>Opens a connection that the server has accepted, and leaves it idle.</summary>
    internal static async Task<Socket> Enter(RunningEndpoint endpoint, string from)
    {
        Socket socket = await endpoint.Connect(from);
        await Send(socket, "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n");
        string answer = "";
        byte[] buffer = new byte[1024];
        while (!answer.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            int read = await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken);
            Assert.NotEqual(0, read);
            answer += Encoding.ASCII.GetString(buffer, 0, read);
        }

        return socket;
    }

    internal static async Task Send(Socket socket, string text)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        for (int sent = 0; sent < bytes.Length;)
        {
            sent += await socket.SendAsync(bytes.AsMemory(sent), TestContext.Current.CancellationToken);
        }
    }

    /// <returns>Everything that the server sent before it closed or reset the connection.</returns>
    internal static async Task<string> ReadToEnd(Socket socket)
    {
        using MemoryStream received = new();
        byte[] buffer = new byte[64 * 1024];
        try
        {
            for (int read; (read = await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken)) > 0;)
            {
                received.Write(buffer, 0, read);
            }
        }
        catch (SocketException reset) when (IsClosed(reset))
        {
            // The bytes before the reset are the answer.
        }

        return Encoding.UTF8.GetString(received.GetBuffer(), 0, (int)received.Length);
    }

    private static bool IsClosed(SocketException failure) => failure.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown;
}
