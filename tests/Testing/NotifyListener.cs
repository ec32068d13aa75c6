using System.Net.Sockets;
using System.Text;

namespace Testing;

/// <summary>A unix datagram socket like that of a service manager; see sd_notify(3).</summary>
internal sealed class NotifyListener : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly byte[] _buffer = new byte[4096];

    /// <param name="address">The value for NOTIFY_SOCKET: a path, or an abstract name after an @.</param>
    internal NotifyListener(string address)
    {
        Address = address;
        _socket.Bind(new UnixDomainSocketEndPoint(address.StartsWith('@') ? '\0' + address[1..] : address));
    }

    internal string Address { get; }

    /// <summary>Whether a message waits to be received.</summary>
    internal bool HasMessage => _socket.Available > 0;

    /// <summary>Waits for the next message.</summary>
    internal async Task<string> Receive()
    {
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(Poll.Timeout);
        int length = await _socket.ReceiveAsync(_buffer, timeout.Token);
        return Encoding.UTF8.GetString(_buffer.AsSpan(0, length));
    }

    /// <summary>Waits for a message with this assignment and drops the messages before it.</summary>
    internal async Task<string> ReceiveUntil(string assignment)
    {
        string message;
        do
        {
            message = await Receive();
        }
        while (!message.Split('\n').Contains(assignment));
        return message;
    }

    public void Dispose() => _socket.Dispose();
}
