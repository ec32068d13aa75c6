using System.Runtime.InteropServices;
using Netlink.Interop;
using Netlink.Wire;
using static Tmds.Linux.LibC;

namespace Netlink.SockDiag;

/// <summary>
/// Sends the requests of a dump and receives its datagrams over one channel. It checks that they belong to this dump, and reports lost and truncated
/// ones. It owns the receive buffer.
/// </summary>
internal sealed class DumpExchange(TimeProvider time)
{
    /// <summary>The timeout of a whole dump. A dump of a million connections takes about a second.</summary>
    internal static readonly TimeSpan DumpTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The kernel's largest datagram (SKB_WITH_OVERHEAD(32768) in netlink_dump, net/netlink/af_netlink.c).</summary>
    internal const int BufferLength = 32 * 1024;

    private const int MaxBufferLength = 1024 * 1024;

    private INetlinkChannel? _channel;
    private uint _portId;
    private byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferLength);
    private byte[] _request = [];
    private uint _sequence;
    private long _startedAt;
    private bool _dumping;

    /// <summary>The latest cookies of the current dump.</summary>
    internal RecentCookies Cookies { get; } = new();

    /// <summary>Whether there is a channel, and it cannot contain replies to an earlier dump.</summary>
    internal bool IsReady => _channel is not null && !_dumping;

    /// <inheritdoc cref="INetlinkChannel.NetnsCookie"/>
    internal ulong? NetnsCookie => _channel?.NetnsCookie;

    internal void Open(INetlinkChannel channel)
    {
        _channel = channel;
        _portId = channel.PortId;
    }

    internal void Close()
    {
        _channel?.Dispose();
        _channel = null;
        _dumping = false;
    }

    internal void Begin()
    {
        _dumping = true;
        _startedAt = time.GetTimestamp();
        Cookies.Clear();
    }

    internal void End() => _dumping = false;

    /// <exception cref="NetlinkException">The kernel did not accept the request.</exception>
    internal void Send(ReadOnlySpan<byte> request)
    {
        if (_request.Length < request.Length)
        {
            _request = new byte[request.Length];
        }

        // A copy, because several exchanges may share the query, and each has its own sequence numbers.
        Span<byte> numbered = _request.AsSpan(0, request.Length);
        request.CopyTo(numbered);
        ref nlmsghdr header = ref MemoryMarshal.AsRef<nlmsghdr>(numbered);
        header.nlmsg_seq = ++_sequence;

        int result;
        do
        {
            result = Channel.Send(numbered);
            CheckDeadline();
        }
        while (result == -EINTR);

        if (result < 0)
        {
            throw new NetlinkException(NetlinkOperation.Send, -result);
        }
    }

    /// <summary>Waits for the kernel's next datagram.</summary>
    /// <param name="datagram">Valid until the next call.</param>
    /// <returns><see cref="DumpDefect.None"/>, or why the dump must be repeated; then there is no datagram.</returns>
    /// <exception cref="NetlinkException">No datagram arrived in time, or the kernel returned an error.</exception>
    internal DumpDefect Receive(out ReadOnlySpan<byte> datagram)
    {
        datagram = default;
        while (true)
        {
            int length = Channel.Receive(_buffer, out uint sender);
            CheckDeadline();
            if (length == -EINTR)
            {
                continue;
            }

            if (length == -ENOBUFS)
            {
                return DumpDefect.Overrun;
            }

            if (length < 0)
            {
                throw length == -EAGAIN
                    ? new NetlinkException(
                        NetlinkOperation.Receive, ETIMEDOUT, detail: $"no answer within {NetlinkSocket.ReceiveTimeout.TotalSeconds:0} s")
                    : new NetlinkException(NetlinkOperation.Receive, -length);
            }

            if (sender != 0)
            {
                // Not from the kernel: another process must not be able to fake replies.
                continue;
            }

            if (length > _buffer.Length)
            {
                GrowBuffer(length);
                return DumpDefect.Truncated;
            }

            datagram = _buffer.AsSpan(0, length);
            return DumpDefect.None;
        }
    }

    /// <summary>Checks that the message answers the latest request of this socket.</summary>
    /// <exception cref="MalformedMessageException">The message answers another socket or another request.</exception>
    internal void CheckAddress(NetlinkMessage message)
    {
        if (message.Sequence != _sequence || message.PortId != _portId)
        {
            throw Misdirected(message);
        }
    }

    private MalformedMessageException Misdirected(NetlinkMessage message) => new(message.Sequence != _sequence
        ? $"it answers request {message.Sequence} instead of {_sequence}"
        : $"it is addressed to port id {message.PortId} instead of {_portId}");

    private INetlinkChannel Channel => _channel ?? throw new ObjectDisposedException(nameof(SockDiagClient));

    private void CheckDeadline()
    {
        if (time.GetElapsedTime(_startedAt) > DumpTimeout)
        {
            throw new NetlinkException(
                NetlinkOperation.Receive, ETIMEDOUT, detail: $"the dump did not end within {DumpTimeout.TotalSeconds:0} s");
        }
    }

    private void GrowBuffer(int length)
    {
        if (length > MaxBufferLength)
        {
            throw new MalformedMessageException($"a datagram of {length} bytes");
        }

        _buffer = GC.AllocateUninitializedArray<byte>(length);
    }
}

/// <summary>Why a dump is incomplete and must be repeated.</summary>
internal enum DumpDefect
{
    /// <summary>The dump is not incomplete.</summary>
    None,

    /// <summary>NLM_F_DUMP_INTR: the socket table changed during the dump.</summary>
    Interrupted,

    /// <summary>ENOBUFS or NLMSG_OVERRUN: replies were lost.</summary>
    Overrun,

    /// <summary>MSG_TRUNC: a datagram was longer than the buffer. The next dump has a larger buffer.</summary>
    Truncated,
}
