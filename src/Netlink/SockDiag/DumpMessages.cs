using System.Runtime.CompilerServices;
using Netlink.Interop;
using Netlink.Wire;
using static Tmds.Linux.LibC;

namespace Netlink.SockDiag;

/// <summary>
/// The messages of a dump that describe sockets. It sends the requests one after the other, receives more at the end of the buffer, and acts on all
/// other messages.
/// </summary>
internal ref struct DumpMessages(SockDiagClient client, DumpExchange exchange, DumpRequests requests)
{
    private readonly SockDiagClient _client = client;
    private readonly DumpExchange _exchange = exchange;
    private readonly DumpRequests _requests = requests;
    private MessageReader _messages;

    // -1: the legacy request; otherwise the index of the modern one.
    private int _walk;
    private int _replyType;
    private bool _begun;
    private bool _ended;
    private bool _anySocket;

    /// <summary>The payload of the current message; valid until the next call of <see cref="MoveNext"/>.</summary>
    internal readonly ReadOnlySpan<byte> Current => _messages.Current.Payload;

    /// <returns>False after the last message, or if the dump is incomplete: <see cref="SockDiagClient.LastDumpIncomplete"/>.</returns>
    /// <exception cref="NetlinkException">The kernel refused the request, or did not answer in time.</exception>
    /// <exception cref="MalformedMessageException">The reply is malformed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool MoveNext()
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
                _anySocket = true;
                return true;
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
        _exchange.Send(walk < 0 ? _requests.Legacy : _requests.Modern[walk]);
    }

    private void BeginOrReceiveMore()
    {
        if (!_begun)
        {
            Begin(_client.WalksPerFamily || _requests.Legacy is null ? 0 : -1);
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
            throw new NetlinkException(_requests.Operation, verdict.Errno, kernelMessage: verdict.KernelMessage);
        }
    }

    private void Done(Verdict verdict)
    {
        if (verdict.Errno != 0)
        {
            // The kernel reports a failed dump at its end.
            throw new NetlinkException(_requests.Operation, verdict.Errno, kernelMessage: verdict.KernelMessage);
        }

        if (_walk >= 0 && _walk + 1 < _requests.Modern.Length)
        {
            Begin(_walk + 1);
            return;
        }

        if (_requests.Legacy is not null)
        {
            _client.WalksPerFamily = _walk >= 0;
        }

        _client.Complete();
        _ended = true;
    }

    private void Abandon(DumpDefect defect)
    {
        _ended = true;
        _client.Abandon(defect, _requests.Operation);
    }
}
