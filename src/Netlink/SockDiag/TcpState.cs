namespace Netlink.SockDiag;

/// <summary>The state of a TCP socket, with the kernel's numbers: net/tcp_states.h, and RFC 9293 for what they mean.</summary>
public enum TcpState : byte
{
    /// <summary>Not a state that the kernel reports.</summary>
    None = 0,

    /// <summary>Open in both directions; on a server also before a process has accepted the connection.</summary>
    Established = 1,

    /// <summary>A client that waits for the answer to its SYN.</summary>
    SynSent = 2,

    /// <summary>A server that waits for the last part of the handshake.</summary>
    SynReceived = 3,

    /// <summary>This end has closed, the other has not acknowledged it yet.</summary>
    FinWait1 = 4,

    /// <summary>This end has closed, the other has acknowledged it and is still open.</summary>
    FinWait2 = 5,

    /// <summary>Closed by both ends; kept so that late segments find it. No process owns it.</summary>
    TimeWait = 6,

    /// <summary>Closed.</summary>
    Close = 7,

    /// <summary>The other end has closed, this one has not: the process still holds the connection.</summary>
    CloseWait = 8,

    /// <summary>Closed by the other end first, then by this one; waits for the last acknowledgement.</summary>
    LastAck = 9,

    /// <summary>Waits for connections.</summary>
    Listen = 10,

    /// <summary>Both ends have closed at the same time.</summary>
    Closing = 11,
}
