namespace Netlink.SockDiag;

/// <summary>The state of a TCP socket, with the kernel's numbers (net/tcp_states.h); RFC 9293 defines the states.</summary>
public enum TcpState : byte
{
    /// <summary>No state. The kernel never reports it.</summary>
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

    /// <summary>Closed by both ends; the kernel keeps it for late segments. No process owns it.</summary>
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

/// <summary>A set of <see cref="TcpState"/>s, in the form of <c>idiag_states</c> in linux/inet_diag.h: bit n means state n.</summary>
[Flags]
public enum TcpStates
{
    /// <summary>No state.</summary>
    None = 0,

    /// <inheritdoc cref="TcpState.Established"/>
    Established = 1 << TcpState.Established,

    /// <inheritdoc cref="TcpState.SynSent"/>
    SynSent = 1 << TcpState.SynSent,

    /// <inheritdoc cref="TcpState.SynReceived"/>
    SynReceived = 1 << TcpState.SynReceived,

    /// <inheritdoc cref="TcpState.FinWait1"/>
    FinWait1 = 1 << TcpState.FinWait1,

    /// <inheritdoc cref="TcpState.FinWait2"/>
    FinWait2 = 1 << TcpState.FinWait2,

    /// <inheritdoc cref="TcpState.TimeWait"/>
    TimeWait = 1 << TcpState.TimeWait,

    /// <inheritdoc cref="TcpState.Close"/>
    Close = 1 << TcpState.Close,

    /// <inheritdoc cref="TcpState.CloseWait"/>
    CloseWait = 1 << TcpState.CloseWait,

    /// <inheritdoc cref="TcpState.LastAck"/>
    LastAck = 1 << TcpState.LastAck,

    /// <inheritdoc cref="TcpState.Listen"/>
    Listen = 1 << TcpState.Listen,

    /// <inheritdoc cref="TcpState.Closing"/>
    Closing = 1 << TcpState.Closing,
}
