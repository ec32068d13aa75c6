using System.Runtime.InteropServices;
using System.Text;

namespace Netlink;

/// <summary>
/// The kernel refused an operation. The message is one line: what failed, the kernel's reason, and what an operator can do about it.
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

    /// <summary>What was being done.</summary>
    public NetlinkOperation Operation { get; }

    /// <summary>The error number, positive, as in errno(3).</summary>
    public int Errno { get; }

    /// <summary>Whether the kernel gave no answer in time.</summary>
    public bool IsTimeout => Errno == Tmds.Linux.LibC.ETIMEDOUT;

    /// <summary>The kernel's own sentence from an extended ack (NLMSGERR_ATTR_MSG); null when it sent none.</summary>
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
        _ => "dumping TCP sockets",
    };
}
