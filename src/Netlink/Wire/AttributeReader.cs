using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Netlink.Interop;

namespace Netlink.Wire;

/// <summary>Walks the attributes behind a message's fixed part.</summary>
internal ref struct AttributeReader(ReadOnlySpan<byte> attributes)
{
    private ReadOnlySpan<byte> _rest = attributes;

    /// <summary>The attribute that <see cref="MoveNext"/> came to.</summary>
    internal NetlinkAttribute Current { get; private set; }

    /// <returns>False at the end.</returns>
    /// <exception cref="MalformedMessageException">The rest is shorter than a header, or than the header says.</exception>
    internal bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        int headerLength = Unsafe.SizeOf<nlattr>();
        if (_rest.Length < headerLength)
        {
            throw new MalformedMessageException($"an attribute was cut short, {_rest.Length} bytes of a header of {headerLength}");
        }

        nlattr header = MemoryMarshal.Read<nlattr>(_rest);
        if (header.nla_len < headerLength || header.nla_len > _rest.Length)
        {
            throw new MalformedMessageException($"an attribute says that it has {header.nla_len} bytes where {_rest.Length} came");
        }

        Current = new NetlinkAttribute(header, _rest[headerLength..header.nla_len]);
        _rest = _rest[Math.Min(Alignment.Up(header.nla_len), _rest.Length)..];
        return true;
    }
}
