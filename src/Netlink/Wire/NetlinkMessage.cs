using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Netlink.Interop;

namespace Netlink.Wire;

/// <summary>One message of a datagram: a header whose length was found true, and what follows it. Valid while the datagram's buffer is.</summary>
/// <param name="message">Header and payload, without padding.</param>
internal readonly ref struct NetlinkMessage(ReadOnlySpan<byte> message)
{
    private readonly ReadOnlySpan<byte> _message = message;

    /// <summary>NLMSG_ERROR, NLMSG_DONE, … or the family's own type.</summary>
    internal int Type => Header.nlmsg_type;

    /// <summary>NLM_F_*.</summary>
    internal int Flags => Header.nlmsg_flags;

    /// <summary>The number of the request that this answers.</summary>
    internal uint Sequence => Header.nlmsg_seq;

    /// <summary>The port id of the socket that asked.</summary>
    internal uint PortId => Header.nlmsg_pid;

    /// <summary>What follows the header, without padding.</summary>
    internal ReadOnlySpan<byte> Payload => _message[Unsafe.SizeOf<nlmsghdr>()..];

    // In place: a copy of each header is felt at 100,000 sockets.
    private ref readonly nlmsghdr Header => ref MemoryMarshal.AsRef<nlmsghdr>(_message);
}
