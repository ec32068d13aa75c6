using System.Net.Sockets;
using System.Text;

namespace Agent.Hosting;

/// <summary>The socket on which a service manager listens for what its services tell of themselves; see sd_notify(3).</summary>
internal sealed class NotifySocket : IDisposable
{
    private readonly Socket _socket;
    private readonly string _address;
    private readonly UnixDomainSocketEndPoint _manager;

    /// <param name="address">What NOTIFY_SOCKET says: a path, or an abstract name with @ in place of its leading NUL.</param>
    /// <exception cref="ArgumentException">It is neither, or too long.</exception>
    internal NotifySocket(string address)
    {
        if (!address.StartsWith('/') && !address.StartsWith('@'))
        {
            throw new ArgumentException("neither a path nor an abstract name", nameof(address));
        }

        _address = address;
        _manager = new UnixDomainSocketEndPoint(address.StartsWith('@') ? '\0' + address[1..] : address);
        // A manager that does not listen fast enough is not to hold up the agent.
        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
    }

    /// <summary>Sends assignments, a line each, as one message.</summary>
    /// <exception cref="SocketException">Nobody listens there, or the queue is full.</exception>
    internal void Send(string assignments) => _socket.SendTo(Encoding.UTF8.GetBytes(assignments), _manager);

    /// <summary>Why nothing can be sent, in words of its own for the two reasons that an operator can mend.</summary>
    internal string Describe(SocketException failure) => failure.SocketErrorCode switch
    {
        // What .NET makes of ENOENT, with a text of its own that puzzles.
        SocketError.AddressNotAvailable => $"NOTIFY_SOCKET '{_address}' does not exist; unset it where no service manager waits for the agent",
        SocketError.ConnectionRefused => $"no service manager listens at NOTIFY_SOCKET '{_address}'; unset it where none waits for the agent",
        _ => $"NOTIFY_SOCKET '{_address}': {failure.Message}",
    };

    public void Dispose() => _socket.Dispose();
}
