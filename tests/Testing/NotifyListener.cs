using System.Net.Sockets;
using System.Text;

namespace Testing;

/// <summary>Listens where a service manager does, on a unix datagram socket; see sd_notify(3).</summary>
internal sealed class NotifyListener : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly byte[] _buffer = new byte[4096];

    /// <param name="address">What NOTIFY_SOCKET is to say: a path, or a name after an @.</param>
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

    /// <summary>Waits for a message that has an assignment; those before it are let go.</summary>
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
