using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Netlink.Interop;
using Netlink.Wire;

namespace Netlink.SockDiag;

/// <summary>The encoded requests of a dump.</summary>
/// <param name="Operation">The operation that errors name.</param>
/// <param name="Legacy">One request of type TCPDIAG_GETSOCK that replaces all others; null if the family has none.</param>
/// <param name="Modern">The requests of type SOCK_DIAG_BY_FAMILY, which are sent one after the other.</param>
internal sealed record DumpRequests(NetlinkOperation Operation, byte[]? Legacy, byte[][] Modern)
{
    /// <summary>Encodes a request of sock_diag.</summary>
    /// <param name="type">The type of the message.</param>
    /// <param name="request">The request after the header.</param>
    /// <param name="bytecode">A filter program for the attribute INET_DIAG_REQ_BYTECODE; empty for no attribute.</param>
    internal static byte[] Encode<TRequest>(int type, in TRequest request, ReadOnlySpan<byte> bytecode = default)
        where TRequest : unmanaged
    {
        int requestEnd = Unsafe.SizeOf<nlmsghdr>() + Unsafe.SizeOf<TRequest>();
        int attributeLength = bytecode.IsEmpty ? 0 : Unsafe.SizeOf<nlattr>() + bytecode.Length;
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
            bytecode.CopyTo(message.AsSpan(requestEnd + Unsafe.SizeOf<nlattr>()));
        }

        return message;
    }
}
