using Netlink.Interop;

namespace Netlink.Wire;

/// <summary>Messages and attributes start at multiples of four: NLMSG_ALIGN and NLA_ALIGN of linux/netlink.h.</summary>
internal static class Alignment
{
    internal static int Up(int length) => (length + netlink_h.NLMSG_ALIGNTO - 1) & ~(netlink_h.NLMSG_ALIGNTO - 1);
}
