using Netlink.Interop;
using Netlink.Wire;
using static Tmds.Linux.LibC;

namespace Netlink.SockDiag;

/// <summary>
/// The sockets of a dump, for one <c>foreach</c>. Each socket comes once and needs no allocation. If a loop ends early, the next dump opens a new
/// netlink socket.
/// </summary>
public ref struct SocketDump
{
    private readonly SockDiagClient _client;
    private readonly DumpExchange _exchange;
    private readonly SocketQuery _query;
    private MessageReader _messages;

    // -1: one walk for both IP versions; otherwise the index of the walk per family.
    private int _walk;
    private int _replyType;
    private bool _begun;
    private bool _ended;
    private bool _anySocket;

    internal SocketDump(SockDiagClient client, DumpExchange exchange, SocketQuery query)
    {
        _client = client;
        _exchange = exchange;
        _query = query;
    }

    /// <summary>The current socket; valid until the next call of <see cref="MoveNext"/>.</summary>
    public InetSocket Current { get; private set; }

    /// <summary>The dump itself.</summary>
    public readonly SocketDump GetEnumerator() => this;

    /// <summary>Moves to the next socket, and receives more from the kernel at the end of the buffer.</summary>
    /// <returns>False after the last socket, or if the dump is incomplete: <see cref="SockDiagClient.LastDumpIncomplete"/>.</returns>
    /// <exception cref="NetlinkException">The kernel refused the request, or did not answer in time.</exception>
    /// <exception cref="MalformedMessageException">The reply is malformed.</exception>
    public bool MoveNext()
    {
        while (!_ended)
        {
            if (!_messages.MoveNext())
            {
                BeginOrReceiveMore();
                continue;
            }

            NetlinkMessage message = _messages.Current;
            _exchange.CheckAddress(message);
            if ((message.Flags & netlink_h.NLM_F_DUMP_INTR) != 0)
            {
                Abandon(DumpDefect.Interrupted);
            }
            else if (message.Type == _replyType)
            {
                InetSocket socket = InetSocket.Read(message.Payload);
                if (_exchange.Cookies.Add(socket.Cookie))
                {
                    _anySocket = true;
                    Current = socket;
                    return true;
                }
            }
            else
            {
                Control(message);
            }
        }

        return false;
    }

    private void Begin(int walk)
    {
        _walk = walk;
        _replyType = walk < 0 ? inet_diag_h.TCPDIAG_GETSOCK : sock_diag_h.SOCK_DIAG_BY_FAMILY;
        _messages = default;
        _exchange.Send(walk < 0 ? _query.BothFamilies : _query.PerFamily[walk]);
    }

    private void BeginOrReceiveMore()
    {
        if (!_begun)
        {
            Begin(_client.WalksPerFamily ? 0 : -1);
            _begun = true;
        }

        DumpDefect defect = _exchange.Receive(out ReadOnlySpan<byte> datagram);
        if (defect == DumpDefect.None)
        {
            _messages = new MessageReader(datagram);
        }
        else
        {
            Abandon(defect);
        }
    }

    private void Control(NetlinkMessage message)
    {
        switch (message.Type)
        {
            case netlink_h.NLMSG_NOOP:
                break;
            case netlink_h.NLMSG_OVERRUN:
                Abandon(DumpDefect.Overrun);
                break;
            case netlink_h.NLMSG_ERROR:
                Refused(Verdict.OfError(message));
                break;
            case netlink_h.NLMSG_DONE:
                Done(Verdict.OfDone(message));
                break;
            default:
                throw new MalformedMessageException($"a message of type {message.Type} in a dump");
        }
    }

    private void Refused(Verdict verdict)
    {
        bool legacyIsUnknown = _walk < 0 && !_anySocket && (verdict.Errno == EOPNOTSUPP || verdict.Errno == EINVAL);
        if (legacyIsUnknown)
        {
            // This kernel may know only the modern request. If the reason is another one, the modern request fails with it too.
            Begin(walk: 0);
        }
        else if (verdict.Errno != 0)
        {
            throw new NetlinkException(NetlinkOperation.Dump, verdict.Errno, kernelMessage: verdict.KernelMessage);
        }
    }

    private void Done(Verdict verdict)
    {
        if (verdict.Errno != 0)
        {
            // The kernel reports a failed dump at its end.
            throw new NetlinkException(NetlinkOperation.Dump, verdict.Errno, kernelMessage: verdict.KernelMessage);
        }

        if (_walk >= 0 && _walk + 1 < _query.PerFamily.Length)
        {
            Begin(_walk + 1);
            return;
        }

        _client.Complete(walkedPerFamily: _walk >= 0);
        _ended = true;
    }

    private void Abandon(DumpDefect defect)
    {
        _ended = true;
        _client.Abandon(defect);
    }
}
