using System.Net;
using System.Text;
using Testing;

namespace Netlink.Tests.Hostile;

/// <summary>Replies of every kind that a kernel sends, as input of the mutator. Each is a datagram that answers request 1 of the scripted kernel.</summary>
internal static class Fixtures
{
    private const uint Request = 1;

    internal static readonly (string Name, byte[] Datagram)[] All =
    [
        ("recorded sockets", Addressed(RecordedDump.Sockets)),
        ("recorded end", Addressed(RecordedDump.Done)),
        ("recorded sockets and end", Addressed([.. RecordedDump.Sockets, .. RecordedDump.Done])),
        ("sockets without attributes", [.. Enumerable.Range(1, 6).SelectMany(i => Replies.Socket(Request, (ulong)i)), .. Replies.Done(Request)]),
        ("repeated sockets", [.. Enumerable.Range(1, 6).SelectMany(i => Replies.Socket(Request, (ulong)(i % 3))), .. Replies.Done(Request)]),
        ("listeners", [.. Replies.Socket(Request, 1, state: 10, receiveQueue: 3, sendQueue: 128), .. Replies.Done(Request)]),
        ("IPv6 peer", [.. Replies.Socket(Request, 1, peer: "2001:db8::1"), .. Replies.Done(Request)]),
        ("interrupted", Replies.Socket(Request, 1, flags: Replies.Multi | Replies.DumpInterrupted)),
        ("noop and overrun", [.. Replies.Message(1, 0, Request, []), .. Replies.Message(4, 0, Request, [])]),
        ("failed end", Replies.Done(Request, errno: 2)),
        ("failed end with text", Replies.Message(3, Replies.Multi | Replies.HasAttributes, Request, [.. BitConverter.GetBytes(-2), .. Text("no handler")])),
        ("error", Replies.Error(Request, 22)),
        ("error that echoes the request", Replies.Error(Request, 22, capped: false)),
        ("error with text", Replies.Error(Request, 22, "Invalid bytecode")),
        ("error with text after the request", Replies.Error(Request, 22, "Invalid bytecode", capped: false)),
        ("acknowledgement", [.. Replies.Error(Request, 0), .. Replies.Done(Request)]),
        ("modern sockets", [.. Replies.Socket(Request, 1, type: Replies.Modern), .. Replies.Done(Request)]),
        ("attributes", Replies.Message(Replies.Legacy, Replies.Multi, Request,
            [.. Replies.Payload(1, 8500, IPAddress.Loopback, 1, 7), .. Replies.Attribute(8, [0]), .. Replies.Attribute(21, new byte[8])])),
        ("listener with drops", [.. Replies.Listener(Request, 1, drops: 5), .. Replies.Done(Request)]),
        ("unix sockets", [.. UnixSocketReplies.Socket(Request, 1), .. UnixSocketReplies.Socket(Request, 2, state: 10), .. Replies.Done(Request)]),
    ];

    private static byte[] Text(string text) => Replies.Attribute(1, Encoding.UTF8.GetBytes(text + '\0'));

    /// <summary>A recording with the sequence number and port id of the scripted client.</summary>
    private static byte[] Addressed(byte[] recording)
    {
        byte[] datagram = [.. recording];
        for (int at = 0; at < datagram.Length; at += (BitConverter.ToInt32(datagram, at) + 3) & ~3)
        {
            BitConverter.TryWriteBytes(datagram.AsSpan(at + 8), Request);
            BitConverter.TryWriteBytes(datagram.AsSpan(at + 12), ScriptedKernel.OwnPortId);
        }

        return datagram;
    }
}
