namespace Netlink.SockDiag;

/// <summary>Why a dump is worth nothing although nobody lied: dump again.</summary>
internal enum DumpDefect
{
    None,

    /// <summary>NLM_F_DUMP_INTR: the table changed in a way that the kernel could not follow.</summary>
    Interrupted,

    /// <summary>ENOBUFS or NLMSG_OVERRUN: replies were lost.</summary>
    Overrun,

    /// <summary>MSG_TRUNC: a datagram was longer than the buffer, which is larger the next time.</summary>
    Truncated,
}
