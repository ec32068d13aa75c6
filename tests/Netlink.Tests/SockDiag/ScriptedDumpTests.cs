using Netlink.SockDiag;
using Testing;
using static Testing.Replies;

namespace Netlink.Tests.SockDiag;

/// <summary>Dumps of a scripted kernel that loses, truncates, repeats, refuses and fakes replies.</summary>
public sealed class ScriptedDumpTests
{
    private const int ENOENT = 2;
    private const int EINTR = 4;
    private const int EAGAIN = 11;
    private const int ENOMEM = 12;
    private const int EBUSY = 16;
    private const int EINVAL = 22;
    private const int EMSGSIZE = 90;
    private const int EOPNOTSUPP = 95;
    private const int ENOBUFS = 105;
    private const int ETIMEDOUT = 110;

    private static readonly SocketQuery Query = new(TcpStates.Established, 8500);

    [Fact]
    public void Sockets_come_in_several_datagrams_until_done()
    {
        ScriptedKernel kernel = new ScriptedKernel()
            .Reply(n => [.. Socket(n, 1), .. Socket(n, 2)])
            .Reply(n => Socket(n, 3))
            .Reply(n => [.. Socket(n, 4), .. Done(n)]);
        using SockDiagClient client = Client(kernel);
        Assert.Equal([1, 2, 3, 4], Cookies(client));
        Assert.False(client.LastDumpIncomplete);
    }

    [Fact]
    public void Message_without_the_flag_multi_does_not_end_the_dump()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => Socket(n, 1, flags: 0)).Reply(n => [.. Socket(n, 2), .. Done(n)]));
        Assert.Equal([1, 2], Cookies(client));
    }

    [Fact]
    public void Each_dump_of_a_client_has_its_own_sequence_number()
    {
        ScriptedKernel kernel = new ScriptedKernel().Reply(n => [.. Socket(n, 1), .. Done(n)]).Reply(n => [.. Socket(n, 1), .. Done(n)]);
        using SockDiagClient client = Client(kernel);
        Assert.Equal([1], Cookies(client));
        Assert.Equal([1], Cookies(client));
        Assert.NotEqual(kernel.Requests[0][8..12], kernel.Requests[1][8..12]);
    }

    [Fact]
    public void Repeated_socket_is_dropped()
    {
        using SockDiagClient client = Client(new ScriptedKernel()
            .Reply(n => [.. Socket(n, 1), .. Socket(n, 2), .. Socket(n, 2)])
            .Reply(n => [.. Socket(n, 1), .. Socket(n, 3), .. Done(n)]));
        Assert.Equal([1, 2, 3], Cookies(client));
    }

    [Fact]
    public void EINTR_is_retried()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Fail(EINTR).Reply(n => Socket(n, 1)).Fail(EINTR).Reply(n => Done(n)));
        Assert.Equal([1], Cookies(client));
    }

    [Fact]
    public void Endless_EINTR_ends_at_the_deadline()
    {
        ManualTime time = new();
        ScriptedKernel kernel = new ScriptedKernel().FailForEver(EINTR);
        using SockDiagClient client = new(() => new Slow(kernel, time), time);
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Cookies(client));
        Assert.Equal((NetlinkOperation.Receive, ETIMEDOUT), (refused.Operation, refused.Errno));
    }

    [Fact]
    public void Endless_sockets_end_at_the_deadline()
    {
        ManualTime time = new();
        ulong cookie = 0;
        ScriptedKernel kernel = new ScriptedKernel().ForEver(n => Socket(n, ++cookie));
        using SockDiagClient client = new(() => new Slow(kernel, time), time);
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Cookies(client));
        Assert.Equal(ETIMEDOUT, refused.Errno);
        Assert.Contains("the dump did not end within 30 s", refused.Message);
    }

    [Fact]
    public void Missing_reply_is_a_timeout()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Fail(EAGAIN));
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Cookies(client));
        Assert.Equal(ETIMEDOUT, refused.Errno);
        Assert.Contains("no answer within 1 s", refused.Message);
    }

    [Theory]
    [InlineData(ENOBUFS)]
    [InlineData(0)]
    public void Lost_replies_make_the_dump_incomplete_and_the_next_one_uses_a_new_socket(int errno)
    {
        ScriptedKernel losing = new ScriptedKernel().Reply(n => Socket(n, 1));
        _ = errno != 0 ? losing.Fail(errno) : losing.Reply(n => Message(4, Multi, n, [])); // NLMSG_OVERRUN
        ScriptedKernel fresh = new ScriptedKernel().Reply(n => [.. Socket(n, 1), .. Socket(n, 2), .. Done(n)]);
        using SockDiagClient client = Client(losing, fresh);

        Assert.Equal([1], Cookies(client));
        Assert.True(client.LastDumpIncomplete);
        Assert.Equal([1, 2], Cookies(client));
        Assert.False(client.LastDumpIncomplete);
        Assert.True(losing.IsClosed);
    }

    [Theory]
    [InlineData("interrupted", EINTR)]
    [InlineData("lost", ENOBUFS)]
    [InlineData("truncated", EMSGSIZE)]
    public void Third_incomplete_dump_in_a_row_is_an_error(string how, int errno)
    {
        ScriptedKernel[] kernels = [.. Enumerable.Range(0, 4).Select(i => how switch
        {
            "interrupted" => new ScriptedKernel().Reply(n => Socket(n, 1, flags: Multi | DumpInterrupted)),
            "lost" => new ScriptedKernel().Fail(ENOBUFS),
            _ => new ScriptedKernel().Reply(n => new byte[100_000 * (i + 1)]),
        })];
        using SockDiagClient client = Client(kernels);

        for (int i = 1; i < SockDiagClient.MaxIncompleteDumps; i++)
        {
            Assert.Empty(Cookies(client));
            Assert.True(client.LastDumpIncomplete);
        }

        NetlinkException refused = Assert.Throws<NetlinkException>(() => Cookies(client));
        Assert.Equal(errno, refused.Errno);
        Assert.Contains("3 times in a row", refused.Message);

        // The count starts again.
        Assert.Empty(Cookies(client));
        Assert.True(client.LastDumpIncomplete);
    }

    [Fact]
    public void Interrupted_flag_in_done_makes_the_dump_incomplete()
    {
        ScriptedKernel interrupted = new ScriptedKernel()
            .Reply(n => [.. Socket(n, 1), .. Message(3, Multi | DumpInterrupted, n, [0, 0, 0, 0])]);
        using SockDiagClient client = Client(interrupted);
        Assert.Equal([1], Cookies(client));
        Assert.True(client.LastDumpIncomplete);
    }

    [Fact]
    public void Truncated_datagram_enlarges_the_buffer()
    {
        byte[] Large(uint n) => [.. Enumerable.Range(1, 400).SelectMany(i => Socket(n, (ulong)i)), .. Done(n)];
        ScriptedKernel tooLarge = new ScriptedKernel().Reply(Large);
        ScriptedKernel again = new ScriptedKernel().Reply(Large);
        using SockDiagClient client = Client(tooLarge, again);

        Assert.Empty(Cookies(client));
        Assert.True(client.LastDumpIncomplete);
        Assert.Equal(400, Cookies(client).Count);
        Assert.False(client.LastDumpIncomplete);
    }

    [Fact]
    public void Datagram_of_impossible_length_is_rejected()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(_ => new byte[2_000_000]));
        Assert.Contains("a datagram of 2000000 bytes", Assert.Throws<MalformedMessageException>(() => Cookies(client)).Message);
    }

    [Fact]
    public void Datagram_from_another_process_is_ignored()
    {
        using SockDiagClient client = Client(new ScriptedKernel()
            .Reply(n => [.. Socket(n, 99), .. Done(n)], sender: 1234)
            .Reply(n => [.. Socket(n, 1), .. Done(n)]));
        Assert.Equal([1], Cookies(client));
    }

    [Fact]
    public void Reply_to_another_request_is_rejected()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => Socket(n + 1, 1)));
        Assert.Contains("it answers request 2 instead of 1", Assert.Throws<MalformedMessageException>(() => Cookies(client)).Message);
    }

    [Fact]
    public void Reply_to_another_socket_is_rejected()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => Message(Legacy, Multi, n, new byte[72], portId: 1)));
        Assert.Contains("it is addressed to port id 1 instead of 4242", Assert.Throws<MalformedMessageException>(() => Cookies(client)).Message);
    }

    [Fact]
    public void Truncated_messages_and_unknown_types_are_rejected()
    {
        foreach (Func<uint, byte[]> reply in (Func<uint, byte[]>[])
            [
                n => Socket(n, 1)[..80],
                n => [.. Socket(n, 1), 1, 2, 3],
                n => Message(Legacy, Multi, n, new byte[71]),
                n => Message(Legacy, Multi, n, new byte[72]), // address family 0
                n => Message(77, Multi, n, []),
                n => Message(Modern, Multi, n, new byte[72]), // not the requested type
                n => Message(3, Multi, n, []),
            ])
        {
            using SockDiagClient client = Client(new ScriptedKernel().Reply(reply));
            Assert.Throws<MalformedMessageException>(() => Cookies(client));
        }
    }

    [Fact]
    public void Noop_and_acknowledgement_are_ignored()
    {
        using SockDiagClient client = Client(new ScriptedKernel()
            .Reply(n => [.. Message(1, 0, n, []), .. Error(n, 0), .. Socket(n, 1), .. Done(n)]));
        Assert.Equal([1], Cookies(client));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Unknown netlink table")]
    public void Refusal_has_the_message_of_the_kernel(string? text)
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => Error(n, EBUSY, text)));
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Cookies(client));
        Assert.Equal((NetlinkOperation.Dump, EBUSY, text), (refused.Operation, refused.Errno, refused.KernelMessage));
        Assert.Equal(text is not null, refused.Message.Contains("the kernel says: Unknown netlink table"));
    }

    [Fact]
    public void Errno_inside_done_is_an_error()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => Done(n, ENOENT)));
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Cookies(client));
        Assert.Equal((NetlinkOperation.Dump, ENOENT), (refused.Operation, refused.Errno));
        Assert.Contains("modprobe tcp_diag", refused.Message);
    }

    [Fact]
    public void Failure_to_send_is_an_error()
    {
        using SockDiagClient client = Client(new ScriptedKernel { SendResult = -ENOMEM });
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Cookies(client));
        Assert.Equal((NetlinkOperation.Send, ENOMEM), (refused.Operation, refused.Errno));
    }

    [Theory]
    [InlineData(EOPNOTSUPP)]
    [InlineData(EINVAL)]
    public void Kernel_without_the_legacy_request_is_asked_per_family(int errno)
    {
        ScriptedKernel kernel = new ScriptedKernel()
            .Reply(n => Error(n, errno))
            .Reply(n => [.. Socket(n, 1, type: Modern), .. Done(n)])
            .Reply(n => [.. Socket(n, 2, peer: "2001:db8::1", type: Modern), .. Done(n)])
            // The next dump does not try the legacy request again.
            .Reply(n => Done(n))
            .Reply(n => [.. Socket(n, 2, peer: "2001:db8::1", type: Modern), .. Done(n)]);
        using SockDiagClient client = Client(kernel);
        Assert.Equal([1, 2], Cookies(client));
        Assert.Equal([2], Cookies(client));
        Assert.Equal([Legacy, Modern, Modern, Modern, Modern], kernel.Requests.Select(request => request[4]));
        Assert.Equal([2, 10, 2, 10], kernel.Requests.Skip(1).Select(request => request[16]));
    }

    [Fact]
    public void Missing_module_is_an_error_also_after_the_legacy_request()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => Error(n, EOPNOTSUPP)).Reply(n => Error(n, ENOENT)));
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Cookies(client));
        Assert.Equal(ENOENT, refused.Errno);
        Assert.False(client.WalksPerFamily);
    }

    [Fact]
    public void Refusal_after_sockets_is_not_retried_per_family()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => [.. Socket(n, 1), .. Error(n, EINVAL)]));
        Assert.Equal(EINVAL, Assert.Throws<NetlinkException>(() => Cookies(client)).Errno);
    }

    [Fact]
    public void Next_dump_after_an_error_uses_a_new_socket()
    {
        ScriptedKernel malformed = new ScriptedKernel().Reply(n => Socket(n + 7, 1));
        ScriptedKernel correct = new ScriptedKernel().Reply(n => [.. Socket(n, 1), .. Done(n)]);
        using SockDiagClient client = Client(malformed, correct);
        Assert.Throws<MalformedMessageException>(() => Cookies(client));
        Assert.Equal([1], Cookies(client));
        Assert.True(malformed.IsClosed);
    }

    [Fact]
    public void Dump_that_ends_early_does_not_disturb_the_next_one()
    {
        ScriptedKernel left = new ScriptedKernel().Reply(n => [.. Socket(n, 1), .. Socket(n, 2)]);
        ScriptedKernel next = new ScriptedKernel().Reply(n => [.. Socket(n, 3), .. Done(n)]);
        using SockDiagClient client = Client(left, next);
        foreach (InetSocket socket in client.Dump(Query))
        {
            Assert.Equal(1ul, socket.Cookie);
            break;
        }

        Assert.Equal([3], Cookies(client));
    }

    [Fact]
    public void Disposed_client_throws()
    {
        SockDiagClient client = Client(new ScriptedKernel());
        client.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Cookies(client));
    }

    private static List<ulong> Cookies(SockDiagClient client)
    {
        List<ulong> cookies = [];
        foreach (InetSocket socket in client.Dump(Query))
        {
            cookies.Add(socket.Cookie);
        }

        return cookies;
    }

    /// <summary>A client that gets the next kernel each time it opens a netlink socket.</summary>
    private static SockDiagClient Client(params ScriptedKernel[] kernels)
    {
        Queue<ScriptedKernel> left = new(kernels);
        return new SockDiagClient(() => left.Dequeue(), TimeProvider.System);
    }

    /// <summary>Takes a second for each receive, on the clock of the test.</summary>
    private sealed class Slow(ScriptedKernel kernel, ManualTime time) : INetlinkChannel
    {
        public uint PortId => kernel.PortId;

        public int Send(ReadOnlySpan<byte> request) => kernel.Send(request);

        public int Receive(Span<byte> buffer, out uint senderPortId)
        {
            time.Leap(TimeSpan.FromSeconds(1));
            return kernel.Receive(buffer, out senderPortId);
        }

        public void Dispose() => kernel.Dispose();
    }
}
