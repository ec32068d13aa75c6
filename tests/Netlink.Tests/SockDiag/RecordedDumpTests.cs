using System.Net;
using System.Net.Sockets;
using Netlink.SockDiag;
using Netlink.Tests.Kernel;
using Netlink.Wire;
using Testing;

namespace Netlink.Tests.SockDiag;

/// <summary>Replies that were recorded from a real kernel.</summary>
public sealed class RecordedDumpTests
{
    [Fact]
    public void Recorded_dump_is_read_field_by_field()
    {
        List<Row> rows = [];
        MessageReader messages = new(RecordedDump.Sockets);
        while (messages.MoveNext())
        {
            NetlinkMessage message = messages.Current;
            Assert.Equal((RecordedDump.Sequence, RecordedDump.PortId), (message.Sequence, message.PortId));
            rows.Add(Row.Of(InetSocket.Read(message.Payload)));
        }

        IPEndPoint anywhere = new(IPAddress.IPv6Any, 0);
        Assert.Equal(
            [
                new Row(
                    TcpState.Listen, AddressFamily.InterNetworkV6, new(IPAddress.IPv6Any, 8500), anywhere, PeerIsIPv4: false, Inode: 550267,
                    Cookie: 0x156d4, UserId: 0, ReceiveQueue: 1, SendQueue: 128, CgroupId: 1),
                new Row(
                    TcpState.Established, AddressFamily.InterNetworkV6, new(IPAddress.Loopback, 8500), new(IPAddress.Loopback, 44316),
                    PeerIsIPv4: true, Inode: 550269, Cookie: 0x156d5, UserId: 0, ReceiveQueue: 0, SendQueue: 0, CgroupId: 1),
                new Row(
                    TcpState.Established, AddressFamily.InterNetworkV6, new(IPAddress.IPv6Loopback, 8500), new(IPAddress.IPv6Loopback, 57392),
                    PeerIsIPv4: false, Inode: 0, Cookie: 0x156d6, UserId: 0, ReceiveQueue: 0, SendQueue: 0, CgroupId: 1),
            ],
            rows);

        MessageReader end = new(RecordedDump.Done);
        Assert.True(end.MoveNext());
        Assert.Equal(new Verdict(0, null), Verdict.OfDone(end.Current));
    }

    [Fact]
    public void Fields_that_are_zero_in_the_recorded_dump_are_read_too()
    {
        byte[] payload = new byte[72];
        payload[0] = 2; // idiag_family: AF_INET
        payload[1] = 8; // idiag_state: CLOSE_WAIT
        new byte[] { 192, 0, 2, 7 }.CopyTo(payload, 8); // idiag_src
        payload[40] = 3; // idiag_if
        payload[51] = 0x80; // the cookie's highest byte
        payload[56] = 5; // idiag_rqueue
        payload[60] = 6; // idiag_wqueue
        payload[64] = 0xe8; // idiag_uid: 1000
        payload[65] = 0x03;

        InetSocket socket = InetSocket.Read(payload);

        Assert.Equal((TcpState.CloseWait, AddressFamily.InterNetwork), (socket.State, socket.Family));
        Assert.Equal("192.0.2.7", socket.LocalAddress.ToString());
        Assert.Equal((3u, 0x8000_0000_0000_0000ul, 1000u), (socket.InterfaceIndex, socket.Cookie, socket.UserId));
        Assert.Equal((5u, 6u), (socket.ReceiveQueue, socket.SendQueue));
        Assert.Null(socket.CgroupId);
    }

    [Fact]
    public void Too_short_cgroup_id_is_rejected()
    {
        byte[] payload = [.. Replies.Payload(1, 80, IPAddress.Loopback, 1, 1), .. Replies.Attribute(21, [1, 2, 3, 4])];
        Assert.Throws<MalformedMessageException>(() => InetSocket.Read(payload).CgroupId);
    }
}
