using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Netlink.Interop;
using Netlink.Wire;

namespace Netlink.SockDiag;

/// <summary>
/// One TCP socket of a dump: struct inet_diag_msg of linux/inet_diag.h and the attributes behind it. A view of the receive buffer that is
/// valid until the dump moves on.
/// </summary>
public readonly ref struct InetSocket
{
    private readonly ref readonly inet_diag_msg _message;
    private readonly ReadOnlySpan<byte> _attributes;

    private InetSocket(ref readonly inet_diag_msg message, ReadOnlySpan<byte> attributes)
    {
        _message = ref message;
        _attributes = attributes;
    }

    /// <summary>
    /// <see cref="AddressFamily.InterNetworkV6"/> also for the IPv4 connections of a dual-stack socket: ask
    /// <see cref="InetAddress.IsIPv4"/> of <see cref="PeerAddress"/> for the IP version that is spoken.
    /// </summary>
    public AddressFamily Family => _message.idiag_family == socket_h.AF_INET ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;

    /// <summary>
    /// The state at the moment at which the socket was copied. That is after it was selected, so that it can be one that was not asked for.
    /// </summary>
    public TcpState State => (TcpState)_message.idiag_state; // idiag_state

    /// <summary>The port at this end.</summary>
    public ushort LocalPort => BinaryPrimitives.ReverseEndianness(_message.id.idiag_sport); // idiag_sport

    /// <summary>The port at the other end; 0 for a listening socket.</summary>
    public ushort PeerPort => BinaryPrimitives.ReverseEndianness(_message.id.idiag_dport); // idiag_dport

    /// <summary>The address at this end; all zero for a socket that listens on every address.</summary>
    public InetAddress LocalAddress => ReadAddress(in _message.id.idiag_src); // idiag_src

    /// <summary>The address at the other end; all zero for a listening socket.</summary>
    public InetAddress PeerAddress => ReadAddress(in _message.id.idiag_dst); // idiag_dst

    /// <summary>The interface that the socket is bound to (SO_BINDTODEVICE); 0 for none.</summary>
    public uint InterfaceIndex => _message.id.idiag_if; // idiag_if

    /// <summary>A number that no other socket has until the next boot; 0 where the kernel gives none.</summary>
    public ulong Cookie => ((ulong)_message.id.idiag_cookie[1] << 32) | _message.id.idiag_cookie[0]; // idiag_cookie

    /// <summary>
    /// Bytes received and not yet read. For a listening socket instead: <b>connections</b> that wait in the accept queue.
    /// </summary>
    public uint ReceiveQueue => _message.idiag_rqueue; // idiag_rqueue

    /// <summary>
    /// Bytes sent and not yet acknowledged. For a listening socket instead: how many <b>connections</b> the accept queue may hold.
    /// </summary>
    public uint SendQueue => _message.idiag_wqueue; // idiag_wqueue

    /// <summary>The user who created the socket; 0 also for TIME_WAIT.</summary>
    public uint UserId => _message.idiag_uid; // idiag_uid

    /// <summary>
    /// The inode of the socket, as /proc/PID/fd shows it. 0 when no process has the socket: an ESTABLISHED connection that is not accepted yet,
    /// TIME_WAIT, and whatever its process has closed.
    /// </summary>
    public uint Inode => _message.idiag_inode; // idiag_inode

    /// <summary>
    /// The inode of the cgroup v2 directory that owned the socket when it was created; 1 is the root, also on hosts with cgroup v1; null where
    /// the kernel does not say, as older ones do not. Attribute INET_DIAG_CGROUP_ID.
    /// </summary>
    /// <exception cref="MalformedMessageException">The attributes' lengths cannot be true.</exception>
    public ulong? CgroupId
    {
        get
        {
            AttributeReader attributes = new(_attributes);
            while (attributes.MoveNext())
            {
                if (attributes.Current.Type != inet_diag_h.INET_DIAG_CGROUP_ID)
                {
                    continue;
                }

                return attributes.Current.Payload.Length >= sizeof(ulong)
                    ? MemoryMarshal.Read<ulong>(attributes.Current.Payload)
                    : throw new MalformedMessageException($"INET_DIAG_CGROUP_ID with {attributes.Current.Payload.Length} bytes");
            }

            return null;
        }
    }

    /// <summary>Reads what follows the header of a message.</summary>
    /// <exception cref="MalformedMessageException">It is too short, or of no IP version.</exception>
    internal static InetSocket Read(ReadOnlySpan<byte> payload)
    {
        int length = Unsafe.SizeOf<inet_diag_msg>();
        if (payload.Length < length)
        {
            throw new MalformedMessageException($"a socket with {payload.Length} bytes of {length}");
        }

        // In place and not by copy, for 72 bytes a socket are felt. Whatever is at these bytes is a valid inet_diag_msg.
        ref readonly inet_diag_msg message = ref MemoryMarshal.AsRef<inet_diag_msg>(payload);
        if (message.idiag_family is not (socket_h.AF_INET or socket_h.AF_INET6))
        {
            throw new MalformedMessageException($"a socket of address family {message.idiag_family}");
        }

        return new InetSocket(in message, payload[Alignment.Up(length)..]);
    }

    private InetAddress ReadAddress(ref readonly FourWords words)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes((ReadOnlySpan<uint>)words);
        return _message.idiag_family == socket_h.AF_INET ? InetAddress.FromIPv4(bytes) : InetAddress.FromIPv6(bytes);
    }
}
