using System.Text;
using Netlink.SockDiag;
using Testing;
using static Testing.Replies;

namespace Netlink.Tests.SockDiag;

/// <summary>Requests and dumps of unix sockets, byte by byte. The numbers are those of linux/unix_diag.h.</summary>
public sealed class UnixSocketDumpTests
{
    private const int ENOENT = 2;
    private const int EINTR = 4;

    private static readonly UnixSocketQuery Query = new(TcpStates.Established | TcpStates.Listen);

    [Fact]
    public void Request_asks_for_name_file_peer_and_queue()
    {
        byte[] expected =
        [
            40, 0, 0, 0, // nlmsg_len: 16 + 24
            20, 0, // nlmsg_type: SOCK_DIAG_BY_FAMILY
            0x01, 0x03, // nlmsg_flags: NLM_F_REQUEST | NLM_F_DUMP
            0, 0, 0, 0, // nlmsg_seq: given when it is sent
            0, 0, 0, 0, // nlmsg_pid
            1, // sdiag_family: AF_UNIX
            0, // sdiag_protocol
            0, 0, // pad
            0x02, 0x04, 0, 0, // udiag_states: 1 << ESTABLISHED | 1 << LISTEN
            0, 0, 0, 0, // udiag_ino: all
            0x17, 0, 0, 0, // udiag_show: NAME | VFS | PEER | RQLEN
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // udiag_cookie: none
        ];
        Assert.Equal(expected, Assert.Single(Query.Requests.Modern));
        Assert.Null(Query.Requests.Legacy);
    }

    [Fact]
    public void Query_without_a_state_is_rejected() => Assert.Throws<ArgumentException>(() => new UnixSocketQuery(TcpStates.None));

    [Fact]
    public void Fields_are_read_from_the_message_and_its_attributes()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n =>
        [
            .. UnixSocketReplies.Socket(n, 1UL << 40, "/run/a", file: 5, device: 6, inode: 7, peer: 8),
            .. UnixSocketReplies.Socket(n, 2, state: 10, receiveQueue: 3, sendQueue: 128, type: UnixSocketReplies.SequencedPacket),
            .. UnixSocketReplies.Socket(n, 3, name: null, peer: 0),
            .. Done(n),
        ]));
        Assert.Equal(
            [
                "Stream Established 7 1099511627776 '/run/a' UnixSocketFile { Inode = 5, Device = 6 } 8 (0, 0)",
                "Seqpacket Listen 9 2 '/run/a' UnixSocketFile { Inode = 7, Device = 8 }  (3, 128)",
                "Stream Established 9 3 ''  0 (0, 0)",
            ],
            Rows(client));
    }

    [Theory]
    [InlineData("/run/a\0", "/run/a")]
    [InlineData("/run/a", "/run/a")]
    [InlineData("\0abstract\0x", "\0abstract\0x")]
    [InlineData("", "")]
    public void Name_ends_at_a_zero_byte_unless_it_is_abstract(string sent, string expected)
    {
        byte[] payload = [.. UnixSocketReplies.Payload(1, state: 1, inode: 2), .. Attribute(0, Encoding.ASCII.GetBytes(sent))];
        Assert.Equal(expected, Encoding.ASCII.GetString(UnixSocket.Read(payload).Name));
    }

    [Fact]
    public void Absent_attributes_are_null()
    {
        UnixSocket socket = UnixSocket.Read(UnixSocketReplies.Payload(1, state: 7, inode: 2));
        Assert.True(socket.Name.IsEmpty);
        Assert.Null(socket.File);
        Assert.Null(socket.PeerInode);
        Assert.Null(socket.Queue);
    }

    [Fact]
    public void Truncated_socket_and_attribute_are_malformed()
    {
        Assert.Throws<MalformedMessageException>(() => { UnixSocket.Read(new byte[15]); });
        Assert.Throws<MalformedMessageException>(() => { UnixSocket.Read(new byte[16]); });
        byte[] beginning = UnixSocketReplies.Payload(1, state: 1, inode: 2);
        Assert.Throws<MalformedMessageException>(() => _ = UnixSocket.Read([.. beginning, .. Attribute(1, new byte[4])]).File);
        Assert.Throws<MalformedMessageException>(() => _ = UnixSocket.Read([.. beginning, .. Attribute(2, new byte[2])]).PeerInode);
        Assert.Throws<MalformedMessageException>(() => _ = UnixSocket.Read([.. beginning, .. Attribute(4, new byte[4])]).Queue);
        Assert.Throws<MalformedMessageException>(() => _ = UnixSocket.Read([.. beginning, 9, 0, 1, 0]).File);
    }

    [Fact]
    public void Repeated_socket_is_dropped()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n =>
            [.. UnixSocketReplies.Socket(n, 1), .. UnixSocketReplies.Socket(n, 2), .. UnixSocketReplies.Socket(n, 1), .. Done(n)]));
        Assert.Equal(2, Rows(client).Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Missing_module_has_its_own_advice(bool inDone)
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => inDone ? Done(n, ENOENT) : Error(n, ENOENT)));
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Rows(client));
        Assert.Equal((NetlinkOperation.DumpUnixSockets, ENOENT), (refused.Operation, refused.Errno));
        Assert.StartsWith("dumping unix sockets failed: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains("run 'modprobe unix_diag' as root on the host", refused.Message);
    }

    [Fact]
    public void Third_incomplete_dump_in_a_row_is_an_error()
    {
        using SockDiagClient client = Client(
            [.. Enumerable.Range(0, 3).Select(_ => new ScriptedKernel().Reply(n => UnixSocketReplies.Socket(n, 1, flags: Multi | DumpInterrupted)))]);
        Assert.Empty(Rows(client));
        Assert.True(client.LastDumpIncomplete);
        Assert.Empty(Rows(client));
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Rows(client));
        Assert.Equal((NetlinkOperation.DumpUnixSockets, EINTR), (refused.Operation, refused.Errno));
    }

    [Fact]
    public void Reply_to_another_request_is_malformed()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => UnixSocketReplies.Socket(n + 1, 1)));
        Assert.Throws<MalformedMessageException>(() => Rows(client));
    }

    [Fact]
    public void TCP_socket_in_a_dump_of_unix_sockets_is_malformed()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => Socket(n, 1, type: Modern)));
        Assert.Throws<MalformedMessageException>(() => Rows(client));
    }

    [Fact]
    public void Dump_of_unix_sockets_does_not_change_how_TCP_sockets_are_walked()
    {
        const int EOPNOTSUPP = 95;
        ScriptedKernel kernel = new ScriptedKernel()
            .Reply(n => Error(n, EOPNOTSUPP)).Reply(Done0).Reply(Done0).Reply(Done0).Reply(Done0).Reply(Done0);
        using SockDiagClient client = Client(kernel);
        SocketQuery tcp = new(TcpStates.Established);
        Count(client, tcp);
        Assert.True(client.WalksPerFamily);
        Assert.Empty(Rows(client));
        Assert.True(client.WalksPerFamily);
        Count(client, tcp);
        Assert.Equal(6, kernel.Requests.Count);

        static byte[] Done0(uint n) => Done(n);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(17u)]
    [InlineData(uint.MaxValue)]
    public void Drops_are_the_ninth_word_of_the_memory_attribute(uint drops)
    {
        byte[] listener = Listener(1, cookie: 2, drops);
        Assert.Equal(drops, InetSocket.Read(listener.AsSpan(16)).Drops);
    }

    [Fact]
    public void Drops_are_null_without_the_ninth_word()
    {
        byte[] payload = Payload(1, 8500, System.Net.IPAddress.Any, state: 10, inode: 1);
        Assert.Null(InetSocket.Read(payload).Drops);
        Assert.Null(InetSocket.Read([.. payload, .. Attribute(7, new byte[32])]).Drops);
    }

    [Fact]
    public void Query_for_drops_selects_only_listeners_and_asks_for_the_memory_attribute()
    {
        SocketQuery query = SocketQuery.OfListenersWithDrops(8500);
        Assert.Equal(TcpStates.Listen, query.States);
        Assert.Equal(1 << 6, query.BothFamilies[16 + 3]); // inet_diag_req.idiag_ext
        Assert.All(query.PerFamily, request => Assert.Equal(1 << 6, request[16 + 2])); // inet_diag_req_v2.idiag_ext
        Assert.Equal(0, new SocketQuery(TcpStates.Listen, 8500).BothFamilies[16 + 3]);
    }

    private static void Count(SockDiagClient client, SocketQuery query)
    {
        foreach (InetSocket socket in client.Dump(query))
        {
            Assert.Fail($"no socket was sent, but {socket.LocalPort} came");
        }
    }

    private static List<string> Rows(SockDiagClient client)
    {
        List<string> rows = [];
        foreach (UnixSocket socket in client.Dump(Query))
        {
            rows.Add($"{socket.Type} {socket.State} {socket.Inode} {socket.Cookie} '{Encoding.UTF8.GetString(socket.Name)}' {socket.File} {socket.PeerInode} {socket.Queue}");
        }

        return rows;
    }

    private static SockDiagClient Client(params ScriptedKernel[] kernels)
    {
        Queue<ScriptedKernel> left = new(kernels);
        return new SockDiagClient(left.Dequeue, TimeProvider.System);
    }
}
