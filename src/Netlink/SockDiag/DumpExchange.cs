using System.Runtime.InteropServices;
using Netlink.Interop;
using Netlink.Wire;
using static Tmds.Linux.LibC;

namespace Netlink.SockDiag;

/// <summary>
/// Requests and datagrams over one channel: what of them belongs to the dump at hand, and what went wrong on the way. It owns the receive
/// buffer.
/// </summary>
internal sealed class DumpExchange(TimeProvider time)
{
    /// <summary>How long a dump may take as a whole; one of a million connections takes a second or so.</summary>
    internal static readonly TimeSpan DumpTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The kernel's largest datagram (SKB_WITH_OVERHEAD(32768) in netlink_dump, net/netlink/af_netlink.c).</summary>
    internal const int BufferLength = 32 * 1024;

    private const int MaxBufferLength = 1024 * 1024;

    private INetlinkChannel? _channel;
    private uint _portId;
    private byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferLength);
    private byte[] _request = [];
    private uint _sequence;
    private long _begun;
    private bool _dumping;

    /// <summary>The cookies that the dump at hand has brought lately.</summary>
    internal RecentCookies Cookies { get; } = new();

    /// <summary>True when there is a channel and no answer of an earlier dump can still be in it.</summary>
    internal bool IsReady => _channel is not null && !_dumping;

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
        _begun = time.GetTimestamp();
        Cookies.Clear();
    }

    internal void End() => _dumping = false;

    /// <exception cref="NetlinkException">The kernel did not take it.</exception>
    internal void Send(ReadOnlySpan<byte> request)
    {
        if (_request.Length < request.Length)
        {
            _request = new byte[request.Length];
        }

        // A copy, for the query may be shared and the number is this exchange's own.
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
    /// <returns><see cref="DumpDefect.None"/>, or why the dump is worth nothing; then there is no datagram.</returns>
    /// <exception cref="NetlinkException">None came in time, or the kernel refused.</exception>
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
                // Not from the kernel: whoever may write to this socket shall not be able to say what the kernel holds.
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

    /// <exception cref="MalformedMessageException">The message answers somebody else, or another request.</exception>
    internal void CheckAddress(NetlinkMessage message)
    {
        if (message.Sequence != _sequence || message.PortId != _portId)
        {
            throw Misdirected(message);
        }
    }

    private MalformedMessageException Misdirected(NetlinkMessage message) => new(message.Sequence != _sequence
        ? $"it answers request {message.Sequence} where {_sequence} was asked"
        : $"it is addressed to port id {message.PortId} where {_portId} asked");

    private INetlinkChannel Channel => _channel ?? throw new ObjectDisposedException(nameof(SockDiagClient));

    private void CheckDeadline()
    {
        if (time.GetElapsedTime(_begun) > DumpTimeout)
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
