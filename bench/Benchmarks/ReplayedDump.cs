using System.Buffers.Binary;
using Netlink;
using Testing;

namespace Benchmarks;

/// <summary>
/// A fake kernel that answers every request with the same two datagrams. The first is as full as a datagram of the kernel; each message in
/// it is the recorded connection with a different cookie. The second is the end of the dump. It allocates nothing.
/// </summary>
internal sealed class ReplayedDump : INetlinkChannel
{
    internal const int Sockets = 260;

    // The connection in RecordedDump.Sockets: it follows the listener's message, and its header has this length.
    private const int ConnectionStart = 132;
    private const int ConnectionLength = 124;

    // The offset of idiag_cookie: after struct nlmsghdr, 44 bytes into struct inet_diag_msg.
    private const int CookieOffset = 16 + 44;
    private const int SequenceOffset = 8;

    private readonly byte[] _sockets = new byte[Sockets * ConnectionLength];
    private readonly byte[] _done = [.. RecordedDump.Done];
    private bool _atEnd;

    internal ReplayedDump()
    {
        for (int i = 0; i < Sockets; i++)
        {
            Span<byte> message = _sockets.AsSpan(i * ConnectionLength, ConnectionLength);
            RecordedDump.Sockets.AsSpan(ConnectionStart, ConnectionLength).CopyTo(message);
            BinaryPrimitives.WriteInt32LittleEndian(message[CookieOffset..], 0x156d5 + i);
        }
    }

    public uint PortId => RecordedDump.PortId;

    public int Send(ReadOnlySpan<byte> request)
    {
        // Writes the sequence number into each message. The benchmarks include this and the copy of 32 KiB below, which are not the agent's
        // cost.
        ReadOnlySpan<byte> sequence = request.Slice(SequenceOffset, sizeof(uint));
        for (int at = SequenceOffset; at < _sockets.Length; at += ConnectionLength)
        {
            sequence.CopyTo(_sockets.AsSpan(at));
        }

        sequence.CopyTo(_done.AsSpan(SequenceOffset));
        _atEnd = false;
        return 0;
    }

    public int Receive(Span<byte> buffer, out uint senderPortId)
    {
        byte[] datagram = _atEnd ? _done : _sockets;
        _atEnd = true;
        senderPortId = 0;
        datagram.CopyTo(buffer);
        return datagram.Length;
    }

    public void Dispose()
    {
    }
}
