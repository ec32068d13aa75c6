namespace Netlink;

/// <summary>What was being done when the kernel refused.</summary>
public enum NetlinkOperation
{
    /// <summary>Creating the netlink socket: socket(2), bind(2).</summary>
    OpenSocket,

    /// <summary>Opening the file that stands for a network namespace: open(2).</summary>
    OpenNamespace,

    /// <summary>Entering a network namespace: setns(2).</summary>
    EnterNamespace,

    /// <summary>Sending a request to the kernel: sendto(2).</summary>
    Send,

    /// <summary>Receiving the kernel's reply: recvfrom(2), or a reply that does not come.</summary>
    Receive,

    /// <summary>The dump itself, refused by NLMSG_ERROR or by the errno inside NLMSG_DONE.</summary>
    Dump,
}
