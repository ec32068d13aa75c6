using static Tmds.Linux.LibC;

namespace Netlink;

/// <summary>Advice for operators about an errno, by operation.</summary>
internal static class ErrorAdvice
{
    /// <returns>The advice; null if the text of the error needs none.</returns>
    internal static string? For(NetlinkOperation operation, int errno)
    {
        bool isForbidden = errno == EPERM || errno == EACCES;
        return operation switch
        {
            _ when errno == EMFILE || errno == ENFILE =>
                "too many open files: raise LimitNOFILE= or ulimit -n",

            NetlinkOperation.OpenSocket when errno == EAFNOSUPPORT =>
                "AF_NETLINK is not allowed here: add it to RestrictAddressFamilies= of the systemd unit, or to the sandbox's list",
            NetlinkOperation.OpenSocket when errno == EPROTONOSUPPORT =>
                "this kernel or sandbox (for example gVisor) has no sock_diag: run the agent on the host itself",
            NetlinkOperation.OpenSocket when isForbidden =>
                "a security policy (seccomp, SELinux, AppArmor) forbids netlink sockets here",

            NetlinkOperation.OpenNamespace when errno == ENOENT || errno == ESRCH =>
                "no such network namespace here: 'ip netns list' shows the names; a container sees the processes of the host only with 'pid: host'",
            NetlinkOperation.OpenNamespace when isForbidden =>
                "the process belongs to another user or has more capabilities, or a security policy forbids it: run as root, or add the capability CAP_SYS_PTRACE",
            NetlinkOperation.EnterNamespace when isForbidden =>
                "run as root, or add the capability CAP_SYS_ADMIN",
            NetlinkOperation.EnterNamespace when errno == EINVAL =>
                "it is not a network namespace: give a PID, a path such as /proc/1/ns/net, or a name under /run/netns",

            NetlinkOperation.Dump when errno == ENOENT || errno == EOPNOTSUPP =>
                "the kernel module is missing: run 'modprobe tcp_diag' as root on the host",
            NetlinkOperation.DumpUnixSockets when errno == ENOENT || errno == EOPNOTSUPP =>
                "the kernel module is missing: run 'modprobe unix_diag' as root on the host",
            NetlinkOperation.Receive when errno == ENOBUFS =>
                "the kernel is short of memory for replies",
            _ => null,
        };
    }

    /// <returns>The name in errno(3) of an errno that occurs here; null for others.</returns>
    internal static string? NameOf(int errno)
    {
        foreach ((int number, string name) in Names())
        {
            if (number == errno)
            {
                return name;
            }
        }

        return null;
    }

    private static IEnumerable<(int Number, string Name)> Names() =>
    [
        (EPERM, nameof(EPERM)),
        (ENOENT, nameof(ENOENT)),
        (ESRCH, nameof(ESRCH)),
        (EINTR, nameof(EINTR)),
        (EAGAIN, nameof(EAGAIN)),
        (ENOMEM, nameof(ENOMEM)),
        (EACCES, nameof(EACCES)),
        (EBUSY, nameof(EBUSY)),
        (EINVAL, nameof(EINVAL)),
        (ENFILE, nameof(ENFILE)),
        (EMFILE, nameof(EMFILE)),
        (EMSGSIZE, nameof(EMSGSIZE)),
        (EPROTONOSUPPORT, nameof(EPROTONOSUPPORT)),
        (EOPNOTSUPP, nameof(EOPNOTSUPP)),
        (EAFNOSUPPORT, nameof(EAFNOSUPPORT)),
        (ENOBUFS, nameof(ENOBUFS)),
        (ETIMEDOUT, nameof(ETIMEDOUT)),
    ];
}
