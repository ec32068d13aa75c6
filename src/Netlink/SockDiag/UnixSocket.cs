using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Netlink.Interop;
using Netlink.Wire;
using static Tmds.Linux.LibC;

namespace Netlink.SockDiag;

/// <summary>
/// A unix socket of a dump: struct unix_diag_msg of linux/unix_diag.h and the attributes after it, see unix(7). A view of the receive buffer that is
/// valid until the dump moves to the next socket. A connection that its server has not accepted yet has only one socket in a dump: that of its client.
/// </summary>
public readonly ref struct UnixSocket
{
    // The message and its attributes. Read has checked that it is long enough.
    private readonly ReadOnlySpan<byte> _payload;

    private UnixSocket(ReadOnlySpan<byte> payload) => _payload = payload;

    /// <summary>The type of the socket; only stream and sequenced-packet sockets have connections.</summary>
    public SocketType Type => Message.udiag_type switch // udiag_type
    {
        _ when Message.udiag_type == SOCK_STREAM => SocketType.Stream,
        _ when Message.udiag_type == SOCK_SEQPACKET => SocketType.Seqpacket,
        _ when Message.udiag_type == SOCK_DGRAM => SocketType.Dgram,
        _ => SocketType.Unknown,
    };

    /// <summary>
    /// The state. A connected socket is ESTABLISHED until its own process closes it, also after its peer has closed the connection.
    /// </summary>
    public TcpState State => (TcpState)Message.udiag_state; // udiag_state

    /// <summary>The inode of the socket, as in /proc/PID/fd.</summary>
    public uint Inode => Message.udiag_ino; // udiag_ino

    /// <summary>A number that no other socket has until the next boot.</summary>
    public ulong Cookie => ((ulong)Message.udiag_cookie[1] << 32) | Message.udiag_cookie[0]; // udiag_cookie

    /// <summary>
    /// The name to which the socket is bound, without a terminating zero: the path as its process wrote it, in bytes. An accepted socket has the name
    /// of its listener. An abstract name begins with a zero byte. Empty for a socket without a name, such as that of most clients.
    /// </summary>
    /// <exception cref="MalformedMessageException">The length of an attribute is wrong.</exception>
    public ReadOnlySpan<byte> Name // UNIX_DIAG_NAME
    {
        get
        {
            _ = TryFind(unix_diag_h.UNIX_DIAG_NAME, out ReadOnlySpan<byte> name);
            int end = name.IndexOf((byte)0);
            // 0: an abstract name, in which every byte counts.
            return end > 0 ? name[..end] : name;
        }
    }

    /// <summary>The file to which the socket is bound; that of the listener for an accepted socket. Null without one.</summary>
    /// <exception cref="MalformedMessageException">The length of an attribute is wrong.</exception>
    public UnixSocketFile? File // UNIX_DIAG_VFS
    {
        get
        {
            if (!TryFind(unix_diag_h.UNIX_DIAG_VFS, out ReadOnlySpan<byte> attribute))
            {
                return null;
            }

            unix_diag_vfs file = ReadAs<unix_diag_vfs>(attribute, nameof(unix_diag_h.UNIX_DIAG_VFS));
            return new UnixSocketFile(file.udiag_vfs_ino, file.udiag_vfs_dev);
        }
    }

    /// <summary>The inode of the socket at the other end; 0 if that is closed. Null for a socket that was never connected.</summary>
    /// <exception cref="MalformedMessageException">The length of an attribute is wrong.</exception>
    public uint? PeerInode => // UNIX_DIAG_PEER
        TryFind(unix_diag_h.UNIX_DIAG_PEER, out ReadOnlySpan<byte> attribute)
            ? ReadAs<uint>(attribute, nameof(unix_diag_h.UNIX_DIAG_PEER))
            : null;

    /// <summary>
    /// For a listening socket: the number of connections in the accept queue, and the backlog of listen(2), which the queue may exceed by one. For other
    /// sockets: bytes. Null if the kernel does not report it.
    /// </summary>
    /// <exception cref="MalformedMessageException">The length of an attribute is wrong.</exception>
    public (uint Length, uint Limit)? Queue // UNIX_DIAG_RQLEN
    {
        get
        {
            if (!TryFind(unix_diag_h.UNIX_DIAG_RQLEN, out ReadOnlySpan<byte> attribute))
            {
                return null;
            }

            unix_diag_rqlen queue = ReadAs<unix_diag_rqlen>(attribute, nameof(unix_diag_h.UNIX_DIAG_RQLEN));
            return (queue.udiag_rqueue, queue.udiag_wqueue);
        }
    }

    private ref readonly unix_diag_msg Message => ref MemoryMarshal.AsRef<unix_diag_msg>(_payload);

    /// <summary>Reads the payload of a message.</summary>
    /// <exception cref="MalformedMessageException">The payload is too short, or its address family is not AF_UNIX.</exception>
    internal static UnixSocket Read(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < Unsafe.SizeOf<unix_diag_msg>())
        {
            throw new MalformedMessageException($"a truncated unix socket, {payload.Length} bytes of {Unsafe.SizeOf<unix_diag_msg>()}");
        }

        UnixSocket socket = new(payload);
        return socket.Message.udiag_family == AF_UNIX
            ? socket
            : throw new MalformedMessageException($"a socket of address family {socket.Message.udiag_family}, not a unix socket");
    }

    private static T ReadAs<T>(ReadOnlySpan<byte> attribute, string name)
        where T : unmanaged =>
        attribute.Length >= Unsafe.SizeOf<T>()
            ? MemoryMarshal.Read<T>(attribute)
            : throw new MalformedMessageException($"{name} with {attribute.Length} bytes");

    private bool TryFind(int type, out ReadOnlySpan<byte> attribute)
    {
        AttributeReader attributes = new(_payload[Unsafe.SizeOf<unix_diag_msg>()..]);
        return attributes.TryFind(type, out attribute);
    }
}

/// <summary>The file of a unix socket, as the kernel identifies it in UNIX_DIAG_VFS.</summary>
/// <param name="Inode">The lower 32 bits of its inode.</param>
/// <param name="Device">The device of its file system: the major number times 2^20, plus the minor number.</param>
public readonly record struct UnixSocketFile(uint Inode, uint Device)
{
    // MINORBITS of linux/kdev_t.h.
    private const int MinorBits = 20;

    /// <summary>The socket file at a path, following symbolic links.</summary>
    /// <returns>Null if there is no socket at the path, or this process may not look.</returns>
    public static UnixSocketFile? At(string path) => At(path, out _);

    /// <summary>The socket file at a path, following symbolic links.</summary>
    /// <param name="path">The path.</param>
    /// <param name="isForbidden">Whether this process may not look.</param>
    /// <returns>Null if there is no socket at the path, or this process may not look.</returns>
    internal static UnixSocketFile? At(string path, out bool isForbidden)
    {
        int result = LibC.statx(path, flags: 0, STATX_TYPE | STATX_INO, out Tmds.Linux.statx status);
        isForbidden = -result == EACCES;
        return result >= 0 && (status.stx_mode & S_IFMT) == S_IFSOCK
            ? new UnixSocketFile((uint)status.stx_ino, ((uint)status.stx_dev_major << MinorBits) | (uint)status.stx_dev_minor)
            : null;
    }
}
