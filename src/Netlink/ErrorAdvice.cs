using static Netlink.Interop.errno_h;

namespace Netlink;

/// <summary>What an operator can do about an error number, by the operation that met it.</summary>
internal static class ErrorAdvice
{
    /// <returns>The advice; null where the error's own text says all there is to say.</returns>
    internal static string? For(NetlinkOperation operation, int errno) => (operation, errno) switch
    {
        (NetlinkOperation.OpenSocket, EAFNOSUPPORT) =>
            "AF_NETLINK is not allowed here: add it to RestrictAddressFamilies= of the systemd unit, or to the sandbox's list",
        (NetlinkOperation.OpenSocket, EPROTONOSUPPORT) =>
            "this kernel or sandbox (gVisor, for one) has no sock_diag: run the agent on the host itself",
        (NetlinkOperation.OpenSocket, EPERM or EACCES) =>
            "a security policy (seccomp, SELinux, AppArmor) forbids netlink sockets here",
        (_, EMFILE or ENFILE) =>
            "too many open files: raise LimitNOFILE= or ulimit -n",

        (NetlinkOperation.OpenNamespace, ENOENT or ESRCH) =>
            "it does not exist, or not here: 'ip netns list' shows the names; processes of the host are seen in a container only with 'pid: host'",
        (NetlinkOperation.OpenNamespace, EACCES or EPERM) =>
            "the process belongs to another user or has more rights, or a security policy forbids it: run as root, or add the capability CAP_SYS_PTRACE",
        (NetlinkOperation.EnterNamespace, EPERM or EACCES) =>
            "run as root, or add the capability CAP_SYS_ADMIN",
        (NetlinkOperation.EnterNamespace, EINVAL) =>
            "it is not a network namespace: give a PID, a path such as /proc/1/ns/net, or a name under /run/netns",

        (NetlinkOperation.Dump, ENOENT or EOPNOTSUPP) =>
            "the kernel module is missing: run 'modprobe tcp_diag' as root on the host",
        (NetlinkOperation.Receive, ENOBUFS) =>
            "the kernel is short of memory for replies",
        _ => null,
    };

    /// <returns>The name in errno(3) of those numbers that are met here; null for others.</returns>
    internal static string? NameOf(int errno) => errno switch
    {
        EPERM => nameof(EPERM),
        ENOENT => nameof(ENOENT),
        ESRCH => nameof(ESRCH),
        EINTR => nameof(EINTR),
        EAGAIN => nameof(EAGAIN),
        ENOMEM => nameof(ENOMEM),
        EACCES => nameof(EACCES),
        EBUSY => nameof(EBUSY),
        EINVAL => nameof(EINVAL),
        ENFILE => nameof(ENFILE),
        EMFILE => nameof(EMFILE),
        EMSGSIZE => nameof(EMSGSIZE),
        EPROTONOSUPPORT => nameof(EPROTONOSUPPORT),
        EOPNOTSUPP => nameof(EOPNOTSUPP),
        EAFNOSUPPORT => nameof(EAFNOSUPPORT),
        ENOBUFS => nameof(ENOBUFS),
        ETIMEDOUT => nameof(ETIMEDOUT),
        _ => null,
    };
}
