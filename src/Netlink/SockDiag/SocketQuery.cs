using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Netlink.Interop;
using Netlink.SockDiag.Filters;
using Netlink.Wire;
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
    {
        if (states == TcpStates.None)
        {
            throw new ArgumentException("a query needs at least one TCP state", nameof(states));
        }

        States = states;
        Filter = filter;
        LocalPorts = InOrder(localPorts);
        if (LocalPorts is [0, ..])
        {
            throw new ArgumentException("no socket has the local port 0", nameof(localPorts));
        }

        // One port fits into the request itself, which costs the kernel less than a program.
        byte[] filterProgram = filter?.Bytecode ?? [];
        _bytecode = LocalPorts.Length > 1 ? PortFilter.Compile(LocalPorts.AsSpan(), filterProgram) : filterProgram;
        BothFamilies = EncodeLegacy();
        PerFamily = [EncodeModern(AF_INET), EncodeModern(AF_INET6)];
    }

    /// <summary>The selected states.</summary>
    public TcpStates States { get; }

    /// <summary>The selected local ports in ascending order; empty for all.</summary>
    public ImmutableArray<ushort> LocalPorts { get; }

    /// <summary>The filter that the sockets must also match; null for none.</summary>
    public SocketFilter? Filter { get; }

    /// <summary>The request of type TCPDIAG_GETSOCK: one walk of the table for IPv4 and IPv6 together.</summary>
    internal byte[] BothFamilies { get; }

    /// <summary>The two requests of type SOCK_DIAG_BY_FAMILY: one walk for each IP version.</summary>
    internal byte[][] PerFamily { get; }

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
        Encode(inet_diag_h.TCPDIAG_GETSOCK, new inet_diag_req { idiag_states = (uint)States, id = Identity });

    private byte[] EncodeModern(int family) =>
        Encode(
            sock_diag_h.SOCK_DIAG_BY_FAMILY,
            new inet_diag_req_v2
            {
                sdiag_family = (byte)family,
                sdiag_protocol = (byte)IPPROTO_TCP,
                idiag_states = (uint)States,
                id = Identity,
            });

    private byte[] Encode<TRequest>(int type, in TRequest request)
        where TRequest : unmanaged
    {
        int requestEnd = Unsafe.SizeOf<nlmsghdr>() + Unsafe.SizeOf<TRequest>();
        int attributeLength = _bytecode.Length == 0 ? 0 : Unsafe.SizeOf<nlattr>() + _bytecode.Length;
        byte[] message = new byte[requestEnd + Alignment.Up(attributeLength)];

        nlmsghdr header = new()
        {
            nlmsg_len = (uint)message.Length,
            nlmsg_type = (ushort)type,
            nlmsg_flags = netlink_h.NLM_F_REQUEST | netlink_h.NLM_F_DUMP,
        };
        MemoryMarshal.Write(message, in header);
        MemoryMarshal.Write(message.AsSpan(Unsafe.SizeOf<nlmsghdr>()), in request);
        if (attributeLength > 0)
        {
            nlattr attribute = new() { nla_len = (ushort)attributeLength, nla_type = inet_diag_h.INET_DIAG_REQ_BYTECODE };
            MemoryMarshal.Write(message.AsSpan(requestEnd), in attribute);
            _bytecode.CopyTo(message.AsSpan(requestEnd + Unsafe.SizeOf<nlattr>()));
        }

        return message;
    }
}
