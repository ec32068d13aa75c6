using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Netlink.Interop;
using Netlink.Wire;
using static Tmds.Linux.LibC;

namespace Netlink.SockDiag;

/// <summary>
/// One TCP socket of a dump: struct inet_diag_msg of linux/inet_diag.h and the attributes behind it. A view of the receive buffer that is
/// valid until the dump moves on.
/// </summary>
public readonly ref struct InetSocket
{
    // The message and the attributes: two registers when it is handed on. Each read checks its length, which Read has found long enough.
    private readonly ReadOnlySpan<byte> _payload;

    private InetSocket(ReadOnlySpan<byte> payload) => _payload = payload;

    /// <summary>
    /// <see cref="AddressFamily.InterNetworkV6"/> also for the IPv4 connections of a dual-stack socket: ask
    /// <see cref="InetAddress.IsIPv4"/> of <see cref="PeerAddress"/> for the IP version that is spoken.
    /// </summary>
    public AddressFamily Family => Message.idiag_family == AF_INET ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;

    /// <summary>
    /// The state at the moment at which the socket was copied. That is after it was selected, so that it can be one that was not asked for.
    /// </summary>
    public TcpState State => (TcpState)Message.idiag_state; // idiag_state

    /// <summary>The port at this end.</summary>
    public ushort LocalPort => BinaryPrimitives.ReverseEndianness(Message.id.idiag_sport); // idiag_sport

    /// <summary>The port at the other end; 0 for a listening socket.</summary>
    public ushort PeerPort => BinaryPrimitives.ReverseEndianness(Message.id.idiag_dport); // idiag_dport

    /// <summary>The address at this end; all zero for a socket that listens on every address.</summary>
    public InetAddress LocalAddress => ReadAddress(in Message.id.idiag_src); // idiag_src

    /// <summary>The address at the other end; all zero for a listening socket.</summary>
    public InetAddress PeerAddress => ReadAddress(in Message.id.idiag_dst); // idiag_dst

    /// <summary>The interface that the socket is bound to (SO_BINDTODEVICE); 0 for none.</summary>
    public uint InterfaceIndex => Message.id.idiag_if; // idiag_if

    /// <summary>A number that no other socket has until the next boot; 0 where the kernel gives none.</summary>
    public ulong Cookie => ((ulong)Message.id.idiag_cookie[1] << 32) | Message.id.idiag_cookie[0]; // idiag_cookie

    /// <summary>
    /// Bytes received and not yet read. For a listening socket instead: <b>connections</b> that wait in the accept queue.
    /// </summary>
    public uint ReceiveQueue => Message.idiag_rqueue; // idiag_rqueue

    /// <summary>
    /// Bytes sent and not yet acknowledged. For a listening socket instead: how many <b>connections</b> the accept queue may hold.
    /// </summary>
    public uint SendQueue => Message.idiag_wqueue; // idiag_wqueue

    /// <summary>The user who created the socket; 0 also for TIME_WAIT.</summary>
    public uint UserId => Message.idiag_uid; // idiag_uid

    /// <summary>
    /// The inode of the socket, as /proc/PID/fd shows it. 0 when no process has the socket: an ESTABLISHED connection that is not accepted yet,
    /// TIME_WAIT, and whatever its process has closed.
    /// </summary>
    public uint Inode => Message.idiag_inode; // idiag_inode

    /// <summary>
    /// The inode of the cgroup v2 directory that owned the socket when it was created; 1 is the root, also on hosts with cgroup v1; null where
    /// the kernel does not say, as older ones do not. Attribute INET_DIAG_CGROUP_ID.
    /// </summary>
    /// <exception cref="MalformedMessageException">The attributes' lengths cannot be true.</exception>
    public ulong? CgroupId
    {
        get
        {
            AttributeReader attributes = new(_payload[Alignment.Up(Unsafe.SizeOf<inet_diag_msg>())..]);
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

    // In place and not by copy, for 72 bytes a socket are felt. Whatever is at these bytes is a valid inet_diag_msg.
    private ref readonly inet_diag_msg Message => ref MemoryMarshal.AsRef<inet_diag_msg>(_payload);

    /// <summary>Reads what follows the header of a message.</summary>
    /// <exception cref="MalformedMessageException">It is too short, or of no IP version.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static InetSocket Read(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < Unsafe.SizeOf<inet_diag_msg>())
        {
            throw TooShort(payload.Length);
        }

        InetSocket socket = new(payload);
        return socket.Message.idiag_family == AF_INET || socket.Message.idiag_family == AF_INET6 ? socket : throw Foreign(socket.Message.idiag_family);
    }

    private static MalformedMessageException TooShort(int came) => new($"a socket with {came} bytes of {Unsafe.SizeOf<inet_diag_msg>()}");

    private static MalformedMessageException Foreign(byte family) => new($"a socket of address family {family}");

    private InetAddress ReadAddress(ref readonly FourWords words)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes((ReadOnlySpan<uint>)words);
        return Message.idiag_family == AF_INET ? InetAddress.FromIPv4(bytes) : InetAddress.FromIPv6(bytes);
    }
}
