using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Netlink.Interop;

namespace Netlink.Wire;

/// <summary>Walks the attributes after the fixed part of a message.</summary>
internal ref struct AttributeReader(ReadOnlySpan<byte> attributes)
{
    private ReadOnlySpan<byte> _rest = attributes;

    /// <summary>The attribute that <see cref="MoveNext"/> has read.</summary>
    internal NetlinkAttribute Current { get; private set; }

    /// <returns>False at the end.</returns>
    /// <exception cref="MalformedMessageException">The rest is shorter than a header, or than the length in the header.</exception>
    internal bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        int headerLength = Unsafe.SizeOf<nlattr>();
        if (_rest.Length < headerLength)
        {
            throw new MalformedMessageException($"a truncated attribute, {_rest.Length} bytes of a header of {headerLength}");
        }

        nlattr header = MemoryMarshal.Read<nlattr>(_rest);
        if (header.nla_len < headerLength || header.nla_len > _rest.Length)
        {
            throw new MalformedMessageException($"an attribute with the length {header.nla_len}, but {_rest.Length} bytes were received");
        }

        Current = new NetlinkAttribute(header, _rest[headerLength..header.nla_len]);
        _rest = _rest[Math.Min(Alignment.Up(header.nla_len), _rest.Length)..];
        return true;
    }

    /// <summary>Searches the rest for the first attribute of a type.</summary>
    /// <exception cref="MalformedMessageException">The length of an attribute before it, or of itself, is wrong.</exception>
    internal bool TryFind(int type, out ReadOnlySpan<byte> payload)
    {
        while (MoveNext())
        {
            if (Current.Type == type)
            {
                payload = Current.Payload;
                return true;
            }
        }

        payload = default;
        return false;
    }
}

/// <summary>An attribute: a type and its bytes. Valid as long as the buffer of the datagram.</summary>
internal readonly ref struct NetlinkAttribute(nlattr header, ReadOnlySpan<byte> payload)
{
    /// <summary>The type, without the flags NLA_F_NESTED and NLA_F_NET_BYTEORDER.</summary>
    internal int Type { get; } = header.nla_type & netlink_h.NLA_TYPE_MASK;

    /// <summary>The bytes after the header, without padding.</summary>
    internal ReadOnlySpan<byte> Payload { get; } = payload;
}
