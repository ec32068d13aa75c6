using Netlink.Interop;

namespace Netlink.Wire;

/// <summary>One attribute: a type and its bytes. Valid while the datagram's buffer is.</summary>
internal readonly ref struct NetlinkAttribute(nlattr header, ReadOnlySpan<byte> payload)
{
    /// <summary>The type, without the flags NLA_F_NESTED and NLA_F_NET_BYTEORDER.</summary>
    internal int Type { get; } = header.nla_type & netlink_h.NLA_TYPE_MASK;

    /// <summary>What follows the header, without padding.</summary>
    internal ReadOnlySpan<byte> Payload { get; } = payload;
}
