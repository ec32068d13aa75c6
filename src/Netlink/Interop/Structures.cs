using System.Runtime.CompilerServices;

namespace Netlink.Interop;

// LayoutTests in tests/Netlink.Tests compares every struct, field by field, with the one of the same name in the C headers.

/// <summary>linux/netlink.h, netlink(7)</summary>
internal struct sockaddr_nl
{
    internal ushort nl_family;
    internal ushort nl_pad;
    internal uint nl_pid;
    internal uint nl_groups;
}

/// <summary>linux/netlink.h</summary>
internal struct nlmsghdr
{
    internal uint nlmsg_len;
    internal ushort nlmsg_type;
    internal ushort nlmsg_flags;
    internal uint nlmsg_seq;
    internal uint nlmsg_pid;
}

/// <summary>linux/netlink.h</summary>
internal struct nlattr
{
    internal ushort nla_len;
    internal ushort nla_type;
}

/// <summary>linux/netlink.h</summary>
internal struct nlmsgerr
{
    internal int error;
    internal nlmsghdr msg;
}

/// <summary>linux/inet_diag.h. Ports and addresses are big-endian, all other fields are in host order.</summary>
internal struct inet_diag_sockid
{
    internal ushort idiag_sport;
    internal ushort idiag_dport;
    internal FourWords idiag_src;
    internal FourWords idiag_dst;
    internal uint idiag_if;
    // Two words, because one of 64 bits would be aligned to a multiple of 8.
    internal TwoWords idiag_cookie;
}

/// <summary>linux/inet_diag.h: the request of TCPDIAG_GETSOCK, one walk for both IP versions.</summary>
internal struct inet_diag_req
{
    internal byte idiag_family;
    internal byte idiag_src_len;
    internal byte idiag_dst_len;
    internal byte idiag_ext;
    internal inet_diag_sockid id;
    internal uint idiag_states;
    internal uint idiag_dbs;
}

/// <summary>linux/inet_diag.h: the request of SOCK_DIAG_BY_FAMILY, one walk per IP version.</summary>
internal struct inet_diag_req_v2
{
    internal byte sdiag_family;
    internal byte sdiag_protocol;
    internal byte idiag_ext;
    internal byte pad;
    internal uint idiag_states;
    internal inet_diag_sockid id;
}

/// <summary>linux/inet_diag.h: one socket of a reply; attributes follow it.</summary>
internal struct inet_diag_msg
{
    internal byte idiag_family;
    internal byte idiag_state;
    internal byte idiag_timer;
    internal byte idiag_retrans;
    internal inet_diag_sockid id;
    internal uint idiag_expires;
    internal uint idiag_rqueue;
    internal uint idiag_wqueue;
    internal uint idiag_uid;
    internal uint idiag_inode;
}

/// <summary>linux/inet_diag.h: one operation of a filter, or its operand.</summary>
internal struct inet_diag_bc_op
{
    internal byte code;
    internal byte yes;
    internal ushort no;
}

/// <summary>
/// linux/inet_diag.h: the operand of a condition on an address and a port. The address follows it, big-endian: four bytes for AF_INET,
/// sixteen for AF_INET6, none for AF_UNSPEC.
/// </summary>
internal struct inet_diag_hostcond
{
    internal byte family;
    internal byte prefix_len;
    // In host order; -1 for every port.
    internal int port;
}

/// <summary>linux/unix_diag.h: the request of SOCK_DIAG_BY_FAMILY for unix sockets.</summary>
internal struct unix_diag_req
{
    internal byte sdiag_family;
    internal byte sdiag_protocol;
    internal ushort pad;
    internal uint udiag_states;
    internal uint udiag_ino;
    internal uint udiag_show;
    internal TwoWords udiag_cookie;
}

/// <summary>linux/unix_diag.h: one unix socket of a reply; attributes follow it.</summary>
internal struct unix_diag_msg
{
    internal byte udiag_family;
    internal byte udiag_type;
    internal byte udiag_state;
    internal byte pad;
    internal uint udiag_ino;
    internal TwoWords udiag_cookie;
}

/// <summary>linux/unix_diag.h: the attribute UNIX_DIAG_VFS, the file to which a unix socket is bound.</summary>
internal struct unix_diag_vfs
{
    internal uint udiag_vfs_ino;
    internal uint udiag_vfs_dev;
}

/// <summary>linux/unix_diag.h: the attribute UNIX_DIAG_RQLEN.</summary>
internal struct unix_diag_rqlen
{
    internal uint udiag_rqueue;
    internal uint udiag_wqueue;
}

/// <summary>sys/time.h</summary>
internal struct timeval
{
    internal nint tv_sec;
    internal nint tv_usec;
}

/// <summary>dirent.h, readdir(3)</summary>
internal struct dirent
{
    internal ulong d_ino;
    internal long d_off;
    internal ushort d_reclen;
    internal byte d_type;
    internal FileName d_name;
}

/// <summary>__be32[4], an address.</summary>
[InlineArray(4)]
internal struct FourWords
{
    private uint _first;
}

/// <summary>__u32[2], a cookie.</summary>
[InlineArray(2)]
internal struct TwoWords
{
    private uint _first;
}

/// <summary>char[256], a name in a directory, zero-terminated.</summary>
[InlineArray(256)]
internal struct FileName
{
    private byte _first;
}
