using Netlink.Interop;

namespace Netlink.Wire;

/// <summary>One message of a datagram: a header whose length was found true, and what follows it. Valid while the datagram's buffer is.</summary>
internal readonly ref struct NetlinkMessage(nlmsghdr header, ReadOnlySpan<byte> payload)
{
    private readonly nlmsghdr _header = header;

    /// <summary>NLMSG_ERROR, NLMSG_DONE, … or the family's own type.</summary>
    internal int Type => _header.nlmsg_type;

    /// <summary>NLM_F_*.</summary>
    internal int Flags => _header.nlmsg_flags;

    /// <summary>The number of the request that this answers.</summary>
    internal uint Sequence => _header.nlmsg_seq;

    /// <summary>The port id of the socket that asked.</summary>
    internal uint PortId => _header.nlmsg_pid;

    /// <summary>What follows the header, without padding.</summary>
    internal ReadOnlySpan<byte> Payload { get; } = payload;
}
