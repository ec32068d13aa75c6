using System.Runtime.InteropServices;
using System.Text;

namespace Netlink;

/// <summary>
/// The kernel refused an operation or did not answer. The message is one line: what failed, the kernel's reason, and what an operator can do about it.
/// </summary>
public sealed class NetlinkException : Exception
{
    internal NetlinkException(NetlinkOperation operation, int errno, string? subject = null, string? kernelMessage = null, string? detail = null)
        : base(Describe(operation, errno, subject, kernelMessage, detail))
    {
        Operation = operation;
        Errno = errno;
        KernelMessage = kernelMessage;
    }

    /// <summary>The operation that failed.</summary>
    public NetlinkOperation Operation { get; }

    /// <summary>The errno, positive, as in errno(3).</summary>
    public int Errno { get; }

    /// <summary>Whether the kernel did not answer in time.</summary>
    public bool IsTimeout => Errno == Tmds.Linux.LibC.ETIMEDOUT;

    /// <summary>The kernel's own message from an extended ack (NLMSGERR_ATTR_MSG); null if it sent none.</summary>
    public string? KernelMessage { get; }

    private static string Describe(NetlinkOperation operation, int errno, string? subject, string? kernelMessage, string? detail)
    {
        StringBuilder text = new();
        text.Append(NameOf(operation));
        if (subject is not null)
        {
            text.Append(' ').Append(subject);
        }

        text.Append(" failed: ").Append(detail ?? Marshal.GetPInvokeErrorMessage(errno));
        if (ErrorAdvice.NameOf(errno) is { } name)
        {
            text.Append(" (").Append(name).Append(')');
        }
        else
        {
            text.Append(" (errno ").Append(errno).Append(')');
        }

        if (kernelMessage is not null)
        {
            text.Append("; the kernel says: ").Append(kernelMessage);
        }

        if (ErrorAdvice.For(operation, errno) is { } advice)
        {
            text.Append("; ").Append(advice);
        }

        return text.ToString();
    }

    private static string NameOf(NetlinkOperation operation) => operation switch
    {
        NetlinkOperation.OpenSocket => "opening a NETLINK_SOCK_DIAG socket",
        NetlinkOperation.OpenNamespace => "opening network namespace",
        NetlinkOperation.EnterNamespace => "entering network namespace",
        NetlinkOperation.Send => "sending a request to sock_diag",
        NetlinkOperation.Receive => "receiving from sock_diag",
        NetlinkOperation.DumpUnixSockets => "dumping unix sockets",
        _ => "dumping TCP sockets",
    };
}

/// <summary>An operation that the kernel can refuse.</summary>
public enum NetlinkOperation
{
    /// <summary>Creating the netlink socket: socket(2), bind(2).</summary>
    OpenSocket,

    /// <summary>Opening the file of a network namespace: open(2).</summary>
    OpenNamespace,

    /// <summary>Entering a network namespace: setns(2).</summary>
    EnterNamespace,

    /// <summary>Sending a request to the kernel: sendto(2).</summary>
    Send,

    /// <summary>Receiving the kernel's reply: recvfrom(2), or no reply before the timeout.</summary>
    Receive,

    /// <summary>The dump of TCP sockets, refused by NLMSG_ERROR or by the errno inside NLMSG_DONE.</summary>
    Dump,

    /// <summary>The dump of unix sockets, refused in the same way.</summary>
    DumpUnixSockets,
}
