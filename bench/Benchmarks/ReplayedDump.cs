using System.Buffers.Binary;
using Netlink;
using Testing;

namespace Benchmarks;

/// <summary>
/// A kernel that answers every request with the same two datagrams: one as full as the kernel makes them of the recorded connection, each time
/// with another cookie, and the end. It allocates nothing.
/// </summary>
internal sealed class ReplayedDump : INetlinkChannel
{
    internal const int Sockets = 260;

    // In RecordedDump.Sockets: behind the listener's message, and as long as it says.
    private const int ConnectionStart = 132;
    private const int ConnectionLength = 124;

    // Behind struct nlmsghdr, 44 bytes into struct inet_diag_msg.
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
        // Into each message: this and the copy of 32 KiB below are part of what is measured, and are not the agent's.
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
