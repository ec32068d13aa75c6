namespace Netlink.Interop;

/// <summary>errno.h</summary>
internal static class errno_h
{
    internal const int EPERM = 1;
    internal const int ENOENT = 2;
    internal const int ESRCH = 3;
    internal const int EINTR = 4;
    internal const int EAGAIN = 11;
    internal const int ENOMEM = 12;
    internal const int EACCES = 13;
    internal const int EBUSY = 16;
    internal const int EINVAL = 22;
    internal const int ENFILE = 23;
    internal const int EMFILE = 24;
    internal const int EMSGSIZE = 90;
    internal const int EPROTONOSUPPORT = 93;
    internal const int EOPNOTSUPP = 95;
    internal const int EAFNOSUPPORT = 97;
    internal const int ENOBUFS = 105;
    internal const int ETIMEDOUT = 110;
}

/// <summary>fcntl.h</summary>
internal static class fcntl_h
{
    internal const int O_RDONLY = 0;
    internal const int O_NONBLOCK = 0x800;
    internal const int O_CLOEXEC = 0x80000;
    internal const int AT_FDCWD = -100;
    internal const int AT_EMPTY_PATH = 0x1000;
}

/// <summary>sched.h</summary>
internal static class sched_h
{
    internal const int CLONE_NEWNET = 0x40000000;
}

/// <summary>sys/stat.h</summary>
internal static class stat_h
{
    internal const uint STATX_INO = 0x100;
}

/// <summary>sys/socket.h</summary>
internal static class socket_h
{
    internal const int AF_UNSPEC = 0;
    internal const int AF_INET = 2;
    internal const int AF_INET6 = 10;
    internal const int AF_NETLINK = 16;
    internal const int SOCK_RAW = 3;
    internal const int SOCK_CLOEXEC = 0x80000;
    internal const int SOL_SOCKET = 1;
    internal const int SO_RCVTIMEO = 20;
    internal const int SOL_NETLINK = 270;
    internal const int MSG_TRUNC = 0x20;
}

/// <summary>netinet/in.h</summary>
internal static class in_h
{
    internal const int IPPROTO_TCP = 6;
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

    internal const int INET_DIAG_CGROUP_ID = 21;
}
