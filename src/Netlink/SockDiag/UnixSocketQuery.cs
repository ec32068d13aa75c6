using Netlink.Interop;
using static Tmds.Linux.LibC;

namespace Netlink.SockDiag;

/// <summary>
/// Selects the unix sockets of a dump by their state. The kernel cannot select them by path: a dump walks all unix sockets of the network namespace.
/// Immutable; clients and threads may share it.
/// </summary>
public sealed class UnixSocketQuery
{
    /// <summary>Encodes a query.</summary>
    /// <param name="states">
    /// The states to select; at least one. Unix sockets have only ESTABLISHED, LISTEN and CLOSE; the last is the state of a socket that is not connected.
    /// </param>
    /// <exception cref="ArgumentException">No state.</exception>
    public UnixSocketQuery(TcpStates states)
    {
        if (states == TcpStates.None)
        {
            throw new ArgumentException("a query needs at least one state", nameof(states));
        }

        States = states;
        unix_diag_req request = new()
        {
            sdiag_family = (byte)AF_UNIX,
            udiag_states = (uint)states,
            udiag_show = unix_diag_h.UDIAG_SHOW_NAME | unix_diag_h.UDIAG_SHOW_VFS | unix_diag_h.UDIAG_SHOW_PEER | unix_diag_h.UDIAG_SHOW_RQLEN,
        };
        request.udiag_cookie[0] = inet_diag_h.INET_DIAG_NOCOOKIE;
        request.udiag_cookie[1] = inet_diag_h.INET_DIAG_NOCOOKIE;
        Requests = new DumpRequests(
            NetlinkOperation.DumpUnixSockets, Legacy: null, [DumpRequests.Encode(sock_diag_h.SOCK_DIAG_BY_FAMILY, request)]);
    }

    /// <summary>The selected states.</summary>
    public TcpStates States { get; }

    /// <summary>The encoded request.</summary>
    internal DumpRequests Requests { get; }
}
