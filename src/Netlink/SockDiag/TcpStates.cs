namespace Netlink.SockDiag;

/// <summary>A set of <see cref="TcpState"/>s, as <c>idiag_states</c> of linux/inet_diag.h takes it: bit n stands for state n.</summary>
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
