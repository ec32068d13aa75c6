using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Testing;

/// <summary>
/// Builds the kernel's replies byte by byte. It does not use the product's structs, because an error in them would then be in both places.
/// </summary>
internal static class Replies
{
    internal const int Legacy = 18;
    internal const int Modern = 20;
    internal const int Multi = 2;
    internal const int DumpInterrupted = 0x10;
    internal const int Capped = 0x100;
    internal const int HasAttributes = 0x200;

    internal static byte[] Message(int type, int flags, uint sequence, byte[] payload, uint portId = ScriptedKernel.OwnPortId)
    {
        byte[] message = new byte[(16 + payload.Length + 3) & ~3];
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)(16 + payload.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), (ushort)type);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(6), (ushort)flags);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(8), sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(12), portId);
        payload.CopyTo(message, 16);
        return message;
    }

    internal static byte[] Done(uint sequence, int errno = 0) => Message(3, Multi, sequence, BitConverter.GetBytes(-errno));

    internal static byte[] Error(uint sequence, int errno, string? text = null, bool capped = true)
    {
        byte[] request = Message(Legacy, 0x301, sequence, new byte[60], portId: 0);
        byte[] echoed = capped ? request[..16] : request;
        int flags = (capped ? Capped : 0) | (text is null ? 0 : HasAttributes);
        return Message(2, flags, sequence, [.. BitConverter.GetBytes(-errno), .. echoed, .. text is null ? [] : Attribute(1, Encoding.UTF8.GetBytes(text + '\0'))]);
    }

    internal static byte[] Attribute(int type, byte[] payload)
    {
        byte[] attribute = new byte[(4 + payload.Length + 3) & ~3];
        BinaryPrimitives.WriteUInt16LittleEndian(attribute, (ushort)(4 + payload.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(attribute.AsSpan(2), (ushort)type);
        payload.CopyTo(attribute, 4);
        return attribute;
    }

    /// <summary>One socket, as a message of a dump.</summary>
    internal static byte[] Socket(
        uint sequence, ulong cookie, int port = 8500, string peer = "192.0.2.1", int state = 1, uint inode = 7, uint receiveQueue = 0, uint sendQueue = 0,
        int type = Legacy, int flags = Multi) =>
        Message(type, flags, sequence, Payload(cookie, port, IPAddress.Parse(peer), state, inode, receiveQueue, sendQueue));

    /// <summary>One listening socket with INET_DIAG_SKMEMINFO.</summary>
    internal static byte[] Listener(uint sequence, ulong cookie, uint drops, int port = 8500) => Message(Legacy, Multi, sequence,
        [.. Payload(cookie, port, IPAddress.Any, state: 10, inode: 7), .. Attribute(7, [.. new byte[32], .. BitConverter.GetBytes(drops)])]);

    internal static byte[] Payload(
        ulong cookie, int port, IPAddress peer, int state, uint inode, uint receiveQueue = 0, uint sendQueue = 0)
    {
        byte[] message = new byte[72];
        message[0] = (byte)(peer.AddressFamily == AddressFamily.InterNetwork ? 2 : 10);
        message[1] = (byte)state;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), (ushort)port);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(6), 40_000);
        peer.GetAddressBytes().CopyTo(message, 24);
        BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(44), cookie);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(56), receiveQueue);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(60), sendQueue);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(68), inode);
        return message;
    }
}
