using System.Reflection;
using Netlink.SockDiag;
using Netlink.Wire;

namespace Netlink.Tests.Hostile;

/// <summary>Every member in src/Netlink that reads received bytes. A test compares the list with the assembly.</summary>
internal static class Readers
{
    internal delegate void Read(ReadOnlySpan<byte> bytes);

    /// <summary>The readers, by the member that takes the bytes.</summary>
    internal static readonly Dictionary<string, Read> All = new()
    {
        ["MessageReader..ctor"] = static bytes =>
        {
            MessageReader reader = new(bytes);
            while (reader.MoveNext())
            {
                Touch(reader.Current.Payload);
            }
        },
        ["AttributeReader..ctor"] = static bytes =>
        {
            AttributeReader reader = new(bytes);
            while (reader.MoveNext())
            {
                Touch(reader.Current.Payload);
            }
        },
        ["Verdict.OfError"] = static bytes => ForEachMessage(bytes, static message => Verdict.OfError(message)),
        ["Verdict.OfDone"] = static bytes => ForEachMessage(bytes, static message => Verdict.OfDone(message)),
        ["InetSocket.Read"] = static bytes => TouchSocket(InetSocket.Read(bytes)),
        ["UnixSocket.Read"] = static bytes => TouchSocket(UnixSocket.Read(bytes)),
    };

    /// <summary>Members that take bytes and need no entry of their own, with the reason.</summary>
    internal static readonly string[] NotReaders =
    [
        "NetlinkMessage..ctor", // the bytes that MessageReader has checked
        "NetlinkAttribute..ctor", // the bytes that AttributeReader has checked
        "InetSocket..ctor", // the bytes that InetSocket.Read has checked
        "UnixSocket..ctor", // the bytes that UnixSocket.Read has checked
        "UnixSocket.ReadAs", // an attribute that AttributeReader has checked; called for each attribute of UnixSocket
        "DumpRequests..ctor", // our own requests
        "DumpRequests.Encode", // our own filter program
        "Verdict.ReadText", // called by Verdict.OfError and OfDone
        "Verdict.ToLine",
        "InetAddress.FromIPv4", // 4 bytes of a message that InetSocket.Read has measured
        "InetAddress.FromIPv6", // 16 of them
        "INetlinkChannel.Send", // our own request
        "NetlinkSocket.Send",
        "DumpExchange.Send",
        "LibC.sendto",
        "BytecodeWriter..ctor", // our own program
        "BytecodeWriter.Write",
        "PortFilter.Compile",
        "DumpExchange.CheckAddress", // two numbers of a header that MessageReader has read
        "DumpExchange.Misdirected", // the same two
        "DumpMessages.Control", // passes the message to Verdict; the test of whole dumps covers it
        "INetlinkChannel.Receive", // fills a buffer and reads nothing of it
        "NetlinkSocket.Receive",
        "LibC.recvfrom",
        "LibC.ToPointers", // the arguments and variables of the program itself
        "LibC.getsockname", // this and the next four fill a buffer and read nothing of it
        "LibC.getsockopt",
        "LibC.getxattr",
        "LibC.readlink",
        "LibC.readlinkat",
        "LibC.write", // our own line
        "LibC.execve",
        "Path..ctor", // a buffer for our own path
        "SocketFilter..ctor", // our own program
        "AddressPrefix.CopyAddress", // our own address
    ];

    private static readonly Type[] Bytes =
    [
        typeof(ReadOnlySpan<byte>), typeof(Span<byte>), typeof(byte[]), typeof(ReadOnlyMemory<byte>), typeof(Memory<byte>), typeof(Stream),
        typeof(NetlinkMessage), typeof(NetlinkAttribute),
    ];

    /// <summary>Finds by reflection each member with a parameter that can contain received bytes.</summary>
    internal static IEnumerable<string> InTheAssembly()
    {
        const BindingFlags Everything =
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        return
            from type in typeof(NetlinkException).Assembly.GetTypes()
            from member in type.GetMembers(Everything).OfType<MethodBase>()
            where !type.Name.Contains('<') && !member.Name.Contains('<') && !member.Name.StartsWith("set_", StringComparison.Ordinal)
            where member.GetParameters().Any(parameter => Bytes.Contains(parameter.ParameterType))
            select $"{type.Name}.{member.Name.Split('.')[^1].Replace("ctor", ".ctor")}";
    }

    private delegate void Use(NetlinkMessage message);

    private static void ForEachMessage(ReadOnlySpan<byte> bytes, Use use)
    {
        MessageReader reader = new(bytes);
        while (reader.MoveNext())
        {
            use(reader.Current);
        }
    }

    private static void TouchSocket(InetSocket socket)
    {
        _ = socket.LocalAddress.ToString() + socket.PeerAddress;
        _ = socket.LocalPort + socket.PeerPort + socket.Inode + (long)socket.Cookie + socket.SendQueue;
        _ = socket.CgroupId;
        _ = socket.Drops;
    }

    private static void TouchSocket(UnixSocket socket)
    {
        _ = $"{socket.Type} {socket.State} {socket.Inode} {socket.Cookie}";
        Touch(socket.Name);
        _ = $"{socket.File} {socket.PeerInode} {socket.Queue}";
    }

    /// <summary>Reads every byte, so that a length beyond the buffer causes a fault.</summary>
    private static void Touch(ReadOnlySpan<byte> bytes)
    {
        int sum = 0;
        foreach (byte one in bytes)
        {
            sum += one;
        }

        GC.KeepAlive(sum);
    }
}
