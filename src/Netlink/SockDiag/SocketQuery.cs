using System.Buffers.Binary;
using System.Collections.Immutable;
using Netlink.Interop;
using Netlink.SockDiag.Filters;
using static Tmds.Linux.LibC;

namespace Netlink.SockDiag;

/// <summary>
/// Selects the TCP sockets of a dump. The query is encoded once, and the kernel evaluates it. Immutable; clients and threads may share it.
/// </summary>
public sealed class SocketQuery
{
    private readonly byte[] _bytecode;

    /// <summary>Encodes a query.</summary>
    /// <param name="states">The states to select; at least one.</param>
    /// <param name="localPorts">The local ports to select; an empty list selects every port.</param>
    /// <exception cref="ArgumentException">
    /// No state, port 0, or more ports than a filter in the kernel can hold (3,276 that are not adjacent).
    /// </exception>
    public SocketQuery(TcpStates states, params IEnumerable<ushort> localPorts)
        : this(states, filter: null, localPorts)
    {
    }

    /// <summary>Encodes a query that also filters by the addresses and ports of both ends.</summary>
    /// <param name="states">The states to select; at least one.</param>
    /// <param name="filter">A filter that the sockets must also match; null for none.</param>
    /// <param name="localPorts">The local ports to select; an empty list selects every port.</param>
    /// <exception cref="ArgumentException">
    /// No state, port 0, or more ports than a filter in the kernel can hold (3,276 that are not adjacent, fewer with a long filter).
    /// </exception>
    public SocketQuery(TcpStates states, SocketFilter? filter, params IEnumerable<ushort> localPorts)
        : this(states, filter, withDrops: false, localPorts)
    {
    }

    private SocketQuery(TcpStates states, SocketFilter? filter, bool withDrops, IEnumerable<ushort> localPorts)
    {
        if (states == TcpStates.None)
        {
            throw new ArgumentException("a query needs at least one TCP state", nameof(states));
        }

        States = states;
        Filter = filter;
        SelectsDrops = withDrops;
        LocalPorts = InOrder(localPorts);
        if (LocalPorts is [0, ..])
        {
            throw new ArgumentException("no socket has the local port 0", nameof(localPorts));
        }

        // One port fits into the request itself, which costs the kernel less than a program.
        byte[] filterProgram = filter?.Bytecode ?? [];
        _bytecode = LocalPorts.Length > 1 ? PortFilter.Compile(LocalPorts.AsSpan(), filterProgram) : filterProgram;
        Requests = new DumpRequests(NetlinkOperation.Dump, EncodeLegacy(), [EncodeModern(AF_INET), EncodeModern(AF_INET6)]);
    }

    /// <summary>The selected states.</summary>
    public TcpStates States { get; }

    /// <summary>The selected local ports in ascending order; empty for all.</summary>
    public ImmutableArray<ushort> LocalPorts { get; }

    /// <summary>The filter that the sockets must also match; null for none.</summary>
    public SocketFilter? Filter { get; }

    /// <summary>
    /// Whether the kernel also sends <see cref="InetSocket.Drops"/>. It makes each socket of the reply longer, so only a query for listening sockets
    /// has it.
    /// </summary>
    public bool SelectsDrops { get; }

    /// <summary>The encoded requests: one walk of the table for IPv4 and IPv6 together, or one walk for each.</summary>
    internal DumpRequests Requests { get; }

    /// <summary>The request of type TCPDIAG_GETSOCK: one walk of the table for IPv4 and IPv6 together.</summary>
    internal byte[] BothFamilies => Requests.Legacy!;

    /// <summary>The two requests of type SOCK_DIAG_BY_FAMILY: one walk for each IP version.</summary>
    internal byte[][] PerFamily => Requests.Modern;

    // Bit n - 1 asks for attribute n.
    private byte Extensions => SelectsDrops ? (byte)(1 << (inet_diag_h.INET_DIAG_SKMEMINFO - 1)) : (byte)0;

    private inet_diag_sockid Identity
    {
        get
        {
            inet_diag_sockid id = default;
            id.idiag_sport = LocalPorts.Length == 1 ? BinaryPrimitives.ReverseEndianness(LocalPorts[0]) : (ushort)0;
            id.idiag_cookie[0] = inet_diag_h.INET_DIAG_NOCOOKIE;
            id.idiag_cookie[1] = inet_diag_h.INET_DIAG_NOCOOKIE;
            return id;
        }
    }

    /// <summary>Encodes a query for the sockets that listen on these ports, with <see cref="InetSocket.Drops"/>.</summary>
    /// <param name="localPorts">The local ports to select; an empty list selects every port.</param>
    /// <exception cref="ArgumentException">Port 0, or more ports than a filter in the kernel can hold (3,276 that are not adjacent).</exception>
    public static SocketQuery OfListenersWithDrops(params IEnumerable<ushort> localPorts) =>
        new(TcpStates.Listen, filter: null, withDrops: true, localPorts);

    private static ImmutableArray<ushort> InOrder(IEnumerable<ushort> ports)
    {
        List<ushort> ordered = [];
        foreach (ushort port in ports.Order())
        {
            if (ordered is not [.., var last] || last != port)
            {
                ordered.Add(port);
            }
        }

        return [.. ordered];
    }

    private byte[] EncodeLegacy() =>
        // The kernel ignores the family: a legacy dump covers both.
        DumpRequests.Encode(
            inet_diag_h.TCPDIAG_GETSOCK, new inet_diag_req { idiag_ext = Extensions, idiag_states = (uint)States, id = Identity }, _bytecode);

    private byte[] EncodeModern(int family) =>
        DumpRequests.Encode(
            sock_diag_h.SOCK_DIAG_BY_FAMILY,
            new inet_diag_req_v2
            {
                sdiag_family = (byte)family,
                sdiag_protocol = (byte)IPPROTO_TCP,
                idiag_ext = Extensions,
                idiag_states = (uint)States,
                id = Identity,
            },
            _bytecode);
}
