using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Netlink.Interop;

namespace Netlink.Wire;

/// <summary>Walks the messages of one datagram, as NLMSG_OK and NLMSG_NEXT of linux/netlink.h do.</summary>
internal ref struct MessageReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    /// <summary>The message that <see cref="MoveNext"/> has read.</summary>
    internal NetlinkMessage Current { get; private set; }

    /// <returns>False at the end of the datagram.</returns>
    /// <exception cref="MalformedMessageException">The rest is shorter than a header, or than the length in the header.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool MoveNext()
    {
        ReadOnlySpan<byte> rest = _rest;
        if (rest.IsEmpty)
        {
            return false;
        }

        int headerLength = Unsafe.SizeOf<nlmsghdr>();
        if (rest.Length < headerLength)
        {
            throw Truncated(rest.Length);
        }

        uint length = MemoryMarshal.AsRef<nlmsghdr>(rest).nlmsg_len;
        if (length < headerLength || length > rest.Length)
        {
            throw WrongLength(length, rest.Length);
        }

        Current = new NetlinkMessage(rest[..(int)length]);
        // The last message may come without its padding.
        _rest = rest[Math.Min(Alignment.Up((int)length), rest.Length)..];
        return true;
    }

    // In methods of their own, so that MoveNext is small enough to be inlined into the loop of its caller.
    private static MalformedMessageException Truncated(int received) =>
        new($"a truncated message, {received} bytes of a header of {Unsafe.SizeOf<nlmsghdr>()}");

    private static MalformedMessageException WrongLength(uint length, int received) =>
        new($"a message with the length {length}, but {received} bytes were received");
}

/// <summary>A message of a datagram: a header with a verified length, and its payload. Valid as long as the buffer of the datagram.</summary>
/// <param name="message">Header and payload, without padding.</param>
internal readonly ref struct NetlinkMessage(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> _message = message;

    /// <summary>NLMSG_ERROR, NLMSG_DONE, … or the family's own type.</summary>
    internal int Type => Header.nlmsg_type;

    /// <summary>NLM_F_*.</summary>
    internal int Flags => Header.nlmsg_flags;

    /// <summary>The sequence number of the request that this message answers.</summary>
    internal uint Sequence => Header.nlmsg_seq;

    /// <summary>The port id of the socket that sent the request.</summary>
    internal uint PortId => Header.nlmsg_pid;

    /// <summary>The bytes after the header, without padding.</summary>
    internal ReadOnlySpan<byte> Payload => _message[Unsafe.SizeOf<nlmsghdr>()..];

    // A reference: copying each header is measurable with 100,000 sockets.
    private ref readonly nlmsghdr Header => ref MemoryMarshal.AsRef<nlmsghdr>(_message);
}

/// <summary>Messages and attributes start at multiples of four: NLMSG_ALIGN and NLA_ALIGN of linux/netlink.h.</summary>
internal static class Alignment
{
    internal static int Up(int length) => (length + netlink_h.NLMSG_ALIGNTO - 1) & ~(netlink_h.NLMSG_ALIGNTO - 1);
}
