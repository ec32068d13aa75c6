namespace Netlink.Interop;

// Only constants that Tmds.LibC lacks and that are the same on all processors. LayoutTests in tests/Netlink.Tests checks both.

/// <summary>sys/file.h</summary>
internal static class file_h
{
    internal const int LOCK_EX = 2;
    internal const int LOCK_NB = 4;
}

/// <summary>sys/syscall.h: system calls that the kernel has added since it gives them the same number on all processors.</summary>
internal static class syscall_h
{
    internal const int SYS_pidfd_open = 434;
    internal const int SYS_pidfd_getfd = 438;
}

/// <summary>asm-generic/socket.h</summary>
internal static class socket_h
{
    internal const int SO_NETNS_COOKIE = 71;
}

/// <summary>linux/in.h</summary>
internal static class in_h
{
    internal const int IPPROTO_MPTCP = 262;
}

/// <summary>linux/netlink.h</summary>
internal static class netlink_h
{
    internal const int NETLINK_SOCK_DIAG = 4;
    internal const int NETLINK_CAP_ACK = 10;
    internal const int NETLINK_EXT_ACK = 11;

    internal const int NLMSG_NOOP = 1;
    internal const int NLMSG_ERROR = 2;
    internal const int NLMSG_DONE = 3;
    internal const int NLMSG_OVERRUN = 4;
    internal const int NLMSG_ALIGNTO = 4;

    internal const int NLM_F_REQUEST = 1;
    internal const int NLM_F_MULTI = 2;
    internal const int NLM_F_DUMP_INTR = 0x10;
    internal const int NLM_F_CAPPED = 0x100;
    internal const int NLM_F_ACK_TLVS = 0x200;
    internal const int NLM_F_DUMP = 0x300;

    internal const int NLMSGERR_ATTR_MSG = 1;
    internal const int NLA_TYPE_MASK = ~0xc000;
}

/// <summary>linux/sock_diag.h</summary>
internal static class sock_diag_h
{
    internal const int SOCK_DIAG_BY_FAMILY = 20;

    internal const int SK_MEMINFO_DROPS = 8;
}

/// <summary>linux/inet_diag.h</summary>
internal static class inet_diag_h
{
    internal const int TCPDIAG_GETSOCK = 18;
    internal const uint INET_DIAG_NOCOOKIE = ~0U;
    internal const int INET_DIAG_REQ_BYTECODE = 1;

    internal const int INET_DIAG_BC_NOP = 0;
    internal const int INET_DIAG_BC_JMP = 1;
    internal const int INET_DIAG_BC_S_GE = 2;
    internal const int INET_DIAG_BC_S_LE = 3;
    internal const int INET_DIAG_BC_D_GE = 4;
    internal const int INET_DIAG_BC_D_LE = 5;
    internal const int INET_DIAG_BC_S_COND = 7;
    internal const int INET_DIAG_BC_D_COND = 8;

    internal const int INET_DIAG_SKMEMINFO = 7;
    internal const int INET_DIAG_CGROUP_ID = 21;
}

/// <summary>linux/unix_diag.h</summary>
internal static class unix_diag_h
{
    internal const int UDIAG_SHOW_NAME = 1;
    internal const int UDIAG_SHOW_VFS = 2;
    internal const int UDIAG_SHOW_PEER = 4;
    internal const int UDIAG_SHOW_RQLEN = 0x10;

    internal const int UNIX_DIAG_NAME = 0;
    internal const int UNIX_DIAG_VFS = 1;
    internal const int UNIX_DIAG_PEER = 2;
    internal const int UNIX_DIAG_RQLEN = 4;
}
