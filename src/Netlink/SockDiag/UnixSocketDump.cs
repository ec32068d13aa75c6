namespace Netlink.SockDiag;

/// <summary>
/// The unix sockets of a dump, for one <c>foreach</c>. Each socket comes once and needs no allocation. If a loop ends early, the next dump opens a new
/// netlink socket.
/// </summary>
public ref struct UnixSocketDump
{
    private readonly RecentCookies _cookies;
    private DumpMessages _messages;

    internal UnixSocketDump(SockDiagClient client, DumpExchange exchange, UnixSocketQuery query)
    {
        _cookies = exchange.Cookies;
        _messages = new DumpMessages(client, exchange, query.Requests);
    }

    /// <summary>The current socket; valid until the next call of <see cref="MoveNext"/>.</summary>
    public UnixSocket Current { get; private set; }

    /// <summary>The dump itself.</summary>
    public readonly UnixSocketDump GetEnumerator() => this;

    /// <summary>Moves to the next socket, and receives more from the kernel at the end of the buffer.</summary>
    /// <returns>False after the last socket, or if the dump is incomplete: <see cref="SockDiagClient.LastDumpIncomplete"/>.</returns>
    /// <exception cref="NetlinkException">The kernel refused the request, or did not answer in time.</exception>
    /// <exception cref="MalformedMessageException">The reply is malformed.</exception>
    public bool MoveNext()
    {
        while (_messages.MoveNext())
        {
            UnixSocket socket = UnixSocket.Read(_messages.Current);
            if (_cookies.Add(socket.Cookie))
            {
                Current = socket;
                return true;
            }
        }

        return false;
    }
}
