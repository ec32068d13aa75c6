using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Netlink.Interop;

namespace Netlink.Wire;

/// <summary>Walks the messages of one datagram, as NLMSG_OK and NLMSG_NEXT of linux/netlink.h do.</summary>
internal ref struct MessageReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    /// <summary>The message that <see cref="MoveNext"/> came to.</summary>
    internal NetlinkMessage Current { get; private set; }

    /// <returns>False at the datagram's end.</returns>
    /// <exception cref="MalformedMessageException">The rest is shorter than a header, or than the header says.</exception>
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
            throw CutShort(rest.Length);
        }

        uint length = MemoryMarshal.AsRef<nlmsghdr>(rest).nlmsg_len;
        if (length < headerLength || length > rest.Length)
        {
            throw Untrue(length, rest.Length);
        }

        Current = new NetlinkMessage(rest[..(int)length]);
        // The last message may come without its padding.
        _rest = rest[Math.Min(Alignment.Up((int)length), rest.Length)..];
        return true;
    }

    // Apart from the walk, which is small enough to become part of its caller's loop without them.
    private static MalformedMessageException CutShort(int came) =>
        new($"a message was cut short, {came} bytes of a header of {Unsafe.SizeOf<nlmsghdr>()}");

    private static MalformedMessageException Untrue(uint said, int came) => new($"a message says that it has {said} bytes where {came} came");
}
