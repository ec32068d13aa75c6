using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Netlink.Interop;
using Netlink.Wire;
using static Tmds.Linux.LibC;

namespace Netlink.SockDiag;

/// <summary>
/// A TCP socket of a dump: struct inet_diag_msg of linux/inet_diag.h and the attributes after it. A view of the receive buffer that is valid until the
/// dump moves to the next socket.
/// </summary>
public readonly ref struct InetSocket
{
    // The message and its attributes. A span is passed in two registers. Read has checked that it is long enough.
    private readonly ReadOnlySpan<byte> _payload;

    private InetSocket(ReadOnlySpan<byte> payload) => _payload = payload;

    /// <summary>
    /// The address family of the socket. It is <see cref="AddressFamily.InterNetworkV6"/> also for the IPv4 connections of a dual-stack socket;
    /// <see cref="InetAddress.IsIPv4"/> of <see cref="PeerAddress"/> is the IP version of the connection.
    /// </summary>
    public AddressFamily Family => Message.idiag_family == AF_INET ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;

    /// <summary>
    /// The state when the kernel copied the socket. The kernel selects it before that, so the state may be one that the query does not select.
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

    /// <summary>A number that no other socket has until the next boot; 0 if the kernel provides none.</summary>
    public ulong Cookie => ((ulong)Message.id.idiag_cookie[1] << 32) | Message.id.idiag_cookie[0]; // idiag_cookie

    /// <summary>
    /// Bytes received and not yet read. For a listening socket: the number of <b>connections</b> in the accept queue.
    /// </summary>
    public uint ReceiveQueue => Message.idiag_rqueue; // idiag_rqueue

    /// <summary>
    /// Bytes sent and not yet acknowledged. For a listening socket: the most <b>connections</b> that the accept queue may hold.
    /// </summary>
    public uint SendQueue => Message.idiag_wqueue; // idiag_wqueue

    /// <summary>The user that created the socket; 0 also for TIME_WAIT.</summary>
    public uint UserId => Message.idiag_uid; // idiag_uid

    /// <summary>
    /// The inode of the socket, as in /proc/PID/fd. It is 0 if no process has the socket: an ESTABLISHED connection that is not accepted yet, TIME_WAIT,
    /// and a connection that its process has closed.
    /// </summary>
    public uint Inode => Message.idiag_inode; // idiag_inode

    /// <summary>
    /// The inode of the cgroup v2 directory that owned the socket when it was created, from the attribute INET_DIAG_CGROUP_ID. 1 is the root, also on
    /// hosts with cgroup v1. Null if the kernel does not report it, as older kernels do not.
    /// </summary>
    /// <exception cref="MalformedMessageException">The length of an attribute is wrong.</exception>
    public ulong? CgroupId
    {
        get
        {
            if (!TryFind(inet_diag_h.INET_DIAG_CGROUP_ID, out ReadOnlySpan<byte> attribute))
            {
                return null;
            }

            return attribute.Length >= sizeof(ulong)
                ? MemoryMarshal.Read<ulong>(attribute)
                : throw new MalformedMessageException($"INET_DIAG_CGROUP_ID with {attribute.Length} bytes");
        }
    }

    /// <summary>
    /// For a listening socket: the segments that it has dropped since it exists, for example SYNs that found the accept queue full. A client repeats
    /// its SYN, and each one counts. The number starts again at 0 after 2^32 - 1. It is the ninth word of the attribute INET_DIAG_SKMEMINFO. Null if
    /// the query does not ask for it (<see cref="SocketQuery.SelectsDrops"/>) and before Linux 4.7, which sends eight words.
    /// </summary>
    /// <exception cref="MalformedMessageException">The length of an attribute is wrong.</exception>
    public uint? Drops
    {
        get
        {
            const int Offset = sock_diag_h.SK_MEMINFO_DROPS * sizeof(uint);
            return TryFind(inet_diag_h.INET_DIAG_SKMEMINFO, out ReadOnlySpan<byte> words) && words.Length >= Offset + sizeof(uint)
                ? MemoryMarshal.Read<uint>(words[Offset..])
                : null;
        }
    }

    // A reference: copying 72 bytes for each socket is measurable. All byte values are valid in inet_diag_msg.
    private ref readonly inet_diag_msg Message => ref MemoryMarshal.AsRef<inet_diag_msg>(_payload);

    /// <summary>Reads the payload of a message.</summary>
    /// <exception cref="MalformedMessageException">The payload is too short, or its address family is neither IPv4 nor IPv6.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static InetSocket Read(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < Unsafe.SizeOf<inet_diag_msg>())
        {
            throw TooShort(payload.Length);
        }

        InetSocket socket = new(payload);
        return socket.Message.idiag_family == AF_INET || socket.Message.idiag_family == AF_INET6 ? socket : throw WrongFamily(socket.Message.idiag_family);
    }

    private static MalformedMessageException TooShort(int received) => new($"a truncated socket, {received} bytes of {Unsafe.SizeOf<inet_diag_msg>()}");

    private static MalformedMessageException WrongFamily(byte family) => new($"a socket of address family {family}");

    private bool TryFind(int type, out ReadOnlySpan<byte> attribute)
    {
        AttributeReader attributes = new(_payload[Alignment.Up(Unsafe.SizeOf<inet_diag_msg>())..]);
        return attributes.TryFind(type, out attribute);
    }

    private InetAddress ReadAddress(ref readonly FourWords words)
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes((ReadOnlySpan<uint>)words);
        return Message.idiag_family == AF_INET ? InetAddress.FromIPv4(bytes) : InetAddress.FromIPv6(bytes);
    }
}
