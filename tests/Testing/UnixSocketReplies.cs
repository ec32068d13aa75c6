using System.Buffers.Binary;
using System.Text;

namespace Testing;

/// <summary>Builds the kernel's replies about unix sockets byte by byte, as <see cref="Replies"/> does for TCP.</summary>
internal static class UnixSocketReplies
{
    internal const int Stream = 1;
    internal const int SequencedPacket = 5;

    /// <summary>One socket, as a message of a dump. For a listener, the peer is left out.</summary>
    internal static byte[] Socket(
        uint sequence, ulong cookie, string? name = "/run/a", uint file = 7, uint device = 8, int state = 1, uint inode = 9, uint peer = 10,
        uint receiveQueue = 0, uint sendQueue = 0, int type = Stream, int flags = Replies.Multi) =>
        Replies.Message(Replies.Modern, flags, sequence,
        [
            .. Payload(cookie, state, inode, type),
            .. name is null ? [] : Replies.Attribute(0, [.. Encoding.UTF8.GetBytes(name), 0]),
            .. name is null ? [] : Replies.Attribute(1, [.. BitConverter.GetBytes(file), .. BitConverter.GetBytes(device)]),
            .. state == 10 ? [] : Replies.Attribute(2, BitConverter.GetBytes(peer)),
            .. Replies.Attribute(4, [.. BitConverter.GetBytes(receiveQueue), .. BitConverter.GetBytes(sendQueue)]),
            .. Replies.Attribute(6, [0]),
        ]);

    internal static byte[] Payload(ulong cookie, int state, uint inode, int type = Stream)
    {
        byte[] message = new byte[16];
        message[0] = 1;
        message[1] = (byte)type;
        message[2] = (byte)state;
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), inode);
        BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(8), cookie);
        return message;
    }
}
