using System.Net;
using System.Net.Sockets;
using System.Text;
using Testing;

namespace Integration.Docker;

/// <summary>A fake Docker engine on a unix socket, which gives scripted answers.</summary>
internal sealed class FakeEngine : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Func<string, (HttpStatusCode Status, string Json)?> _answer;
    private readonly Task _serving;

    /// <param name="answer">Returns the answer for the path of a request. At null the engine goes away for good.</param>
    internal FakeEngine(Func<string, (HttpStatusCode Status, string Json)?> answer)
    {
        _answer = answer;
        _listener.Bind(new UnixDomainSocketEndPoint(_scratch["engine.sock"]));
        _listener.Listen();
        _serving = ServeAsync();
    }

    internal Uri Endpoint => new($"unix://{_scratch["engine.sock"]}");

    /// <summary>Whether a request has made the engine go away.</summary>
    internal bool IsGone { get; private set; }

    public void Dispose()
    {
        _listener.Dispose();
        _serving.Wait();
        _scratch.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (!IsGone)
            {
                using Socket client = await _listener.AcceptAsync();
                await AnswerAsync(client);
            }

            _listener.Dispose();
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // Dispose() closed the socket.
        }
    }

    private async Task AnswerAsync(Socket client)
    {
        try
        {
            await using NetworkStream stream = new(client);
            using StreamReader reader = new(stream, Encoding.ASCII);
            string request = await reader.ReadLineAsync() ?? "";
            while (await reader.ReadLineAsync() is { Length: > 0 })
            {
                // Skips a header.
            }

            if (_answer(request.Split(' ') is [_, var path, ..] ? path : "") is not { } answer)
            {
                IsGone = true;
                return;
            }

            await stream.WriteAsync(Encoding.UTF8.GetBytes(
                $"HTTP/1.1 {(int)answer.Status} {answer.Status}\r\nContent-Type: application/json\r\nConnection: close\r\n"
                + $"Content-Length: {Encoding.UTF8.GetByteCount(answer.Json)}\r\n\r\n{answer.Json}"));
        }
        catch (IOException)
        {
            // The client closed the connection.
        }
    }
}
