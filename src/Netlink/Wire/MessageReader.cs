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
    internal bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        int headerLength = Unsafe.SizeOf<nlmsghdr>();
        if (_rest.Length < headerLength)
        {
            throw new MalformedMessageException($"a message was cut short, {_rest.Length} bytes of a header of {headerLength}");
        }

        nlmsghdr header = MemoryMarshal.Read<nlmsghdr>(_rest);
        if (header.nlmsg_len < headerLength || header.nlmsg_len > _rest.Length)
        {
            throw new MalformedMessageException($"a message says that it has {header.nlmsg_len} bytes where {_rest.Length} came");
        }

        int length = (int)header.nlmsg_len;
        Current = new NetlinkMessage(header, _rest[headerLength..length]);
        // The last message may come without its padding.
        _rest = _rest[Math.Min(Alignment.Up(length), _rest.Length)..];
        return true;
    }
}
