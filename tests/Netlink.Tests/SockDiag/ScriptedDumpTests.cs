using Netlink.SockDiag;
using Testing;
using static Testing.Replies;

namespace Netlink.Tests.SockDiag;

/// <summary>What the kernel may do to a dump, each by its name, on a scripted kernel.</summary>
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
    public void Sockets_come_over_several_datagrams_until_done()
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
    public void A_message_without_multi_is_not_the_end()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => Socket(n, 1, flags: 0)).Reply(n => [.. Socket(n, 2), .. Done(n)]));
        Assert.Equal([1, 2], Cookies(client));
    }

    [Fact]
    public void One_client_serves_many_dumps_with_a_number_each()
    {
        ScriptedKernel kernel = new ScriptedKernel().Reply(n => [.. Socket(n, 1), .. Done(n)]).Reply(n => [.. Socket(n, 1), .. Done(n)]);
        using SockDiagClient client = Client(kernel);
        Assert.Equal([1], Cookies(client));
        Assert.Equal([1], Cookies(client));
        Assert.NotEqual(kernel.Requests[0][8..12], kernel.Requests[1][8..12]);
    }

    [Fact]
    public void A_repeated_socket_is_dropped_by_its_cookie()
    {
        using SockDiagClient client = Client(new ScriptedKernel()
            .Reply(n => [.. Socket(n, 1), .. Socket(n, 2), .. Socket(n, 2)])
            .Reply(n => [.. Socket(n, 1), .. Socket(n, 3), .. Done(n)]));
        Assert.Equal([1, 2, 3], Cookies(client));
    }

    [Fact]
    public void EINTR_is_tried_again()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Fail(EINTR).Reply(n => Socket(n, 1)).Fail(EINTR).Reply(n => Done(n)));
        Assert.Equal([1], Cookies(client));
    }

    [Fact]
    public void EINTR_for_ever_ends_at_the_deadline()
    {
        ManualTime time = new();
        ScriptedKernel kernel = new ScriptedKernel().FailForEver(EINTR);
        using SockDiagClient client = new(() => new Slow(kernel, time), time);
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Cookies(client));
        Assert.Equal((NetlinkOperation.Receive, ETIMEDOUT), (refused.Operation, refused.Errno));
    }

    [Fact]
    public void A_flood_of_sockets_ends_at_the_deadline()
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
    public void No_answer_is_a_time_out()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Fail(EAGAIN));
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Cookies(client));
        Assert.Equal(ETIMEDOUT, refused.Errno);
        Assert.Contains("no answer within 1 s", refused.Message);
    }

    [Theory]
    [InlineData(ENOBUFS)]
    [InlineData(0)]
    public void Lost_replies_make_the_dump_worthless_and_the_next_one_fresh(int errno)
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
    [InlineData("cut off", EMSGSIZE)]
    public void The_third_worthless_dump_in_a_row_is_a_failure(string how, int errno)
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

        // And it starts to count anew.
        Assert.Empty(Cookies(client));
        Assert.True(client.LastDumpIncomplete);
    }

    [Fact]
    public void An_interrupted_dump_is_noticed_also_at_its_end()
    {
        ScriptedKernel interrupted = new ScriptedKernel()
            .Reply(n => [.. Socket(n, 1), .. Message(3, Multi | DumpInterrupted, n, [0, 0, 0, 0])]);
        using SockDiagClient client = Client(interrupted);
        Assert.Equal([1], Cookies(client));
        Assert.True(client.LastDumpIncomplete);
    }

    [Fact]
    public void A_datagram_that_was_cut_off_makes_the_buffer_larger()
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
    public void A_datagram_of_impossible_length_is_rejected()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(_ => new byte[2_000_000]));
        Assert.Contains("a datagram of 2000000 bytes", Assert.Throws<MalformedMessageException>(() => Cookies(client)).Message);
    }

    [Fact]
    public void What_another_process_sends_is_not_listened_to()
    {
        using SockDiagClient client = Client(new ScriptedKernel()
            .Reply(n => [.. Socket(n, 99), .. Done(n)], sender: 1234)
            .Reply(n => [.. Socket(n, 1), .. Done(n)]));
        Assert.Equal([1], Cookies(client));
    }

    [Fact]
    public void An_answer_to_another_request_is_rejected()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => Socket(n + 1, 1)));
        Assert.Contains("it answers request 2 where 1 was asked", Assert.Throws<MalformedMessageException>(() => Cookies(client)).Message);
    }

    [Fact]
    public void An_answer_to_another_socket_is_rejected()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => Message(Legacy, Multi, n, new byte[72], portId: 1)));
        Assert.Contains("it is addressed to port id 1 where 4242 asked", Assert.Throws<MalformedMessageException>(() => Cookies(client)).Message);
    }

    [Fact]
    public void Messages_cut_short_and_of_unknown_type_are_rejected()
    {
        foreach (Func<uint, byte[]> reply in (Func<uint, byte[]>[])
            [
                n => Socket(n, 1)[..80],
                n => [.. Socket(n, 1), 1, 2, 3],
                n => Message(Legacy, Multi, n, new byte[71]),
                n => Message(Legacy, Multi, n, new byte[72]), // address family 0
                n => Message(77, Multi, n, []),
                n => Message(Modern, Multi, n, new byte[72]), // the type that was not asked for
                n => Message(3, Multi, n, []),
            ])
        {
            using SockDiagClient client = Client(new ScriptedKernel().Reply(reply));
            Assert.Throws<MalformedMessageException>(() => Cookies(client));
        }
    }

    [Fact]
    public void Noop_and_acknowledgement_are_passed_over()
    {
        using SockDiagClient client = Client(new ScriptedKernel()
            .Reply(n => [.. Message(1, 0, n, []), .. Error(n, 0), .. Socket(n, 1), .. Done(n)]));
        Assert.Equal([1], Cookies(client));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Unknown netlink table")]
    public void A_refusal_is_told_with_the_kernels_own_words(string? text)
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => Error(n, EBUSY, text)));
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Cookies(client));
        Assert.Equal((NetlinkOperation.Dump, EBUSY, text), (refused.Operation, refused.Errno, refused.KernelMessage));
        Assert.Equal(text is not null, refused.Message.Contains("the kernel says: Unknown netlink table"));
    }

    [Fact]
    public void The_errno_inside_done_is_a_failure_and_not_a_zero()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => Done(n, ENOENT)));
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Cookies(client));
        Assert.Equal((NetlinkOperation.Dump, ENOENT), (refused.Operation, refused.Errno));
        Assert.Contains("modprobe tcp_diag", refused.Message);
    }

    [Fact]
    public void A_request_that_cannot_be_sent_is_told()
    {
        using SockDiagClient client = Client(new ScriptedKernel { SendResult = -ENOMEM });
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Cookies(client));
        Assert.Equal((NetlinkOperation.Send, ENOMEM), (refused.Operation, refused.Errno));
    }

    [Theory]
    [InlineData(EOPNOTSUPP)]
    [InlineData(EINVAL)]
    public void A_kernel_without_the_legacy_request_is_asked_per_family(int errno)
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
    public void A_missing_module_is_told_also_when_it_is_the_legacy_request_that_meets_it()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => Error(n, EOPNOTSUPP)).Reply(n => Error(n, ENOENT)));
        NetlinkException refused = Assert.Throws<NetlinkException>(() => Cookies(client));
        Assert.Equal(ENOENT, refused.Errno);
        Assert.False(client.WalksPerFamily);
    }

    [Fact]
    public void Sockets_followed_by_a_refusal_are_not_counted_a_second_time_per_family()
    {
        using SockDiagClient client = Client(new ScriptedKernel().Reply(n => [.. Socket(n, 1), .. Error(n, EINVAL)]));
        Assert.Equal(EINVAL, Assert.Throws<NetlinkException>(() => Cookies(client)).Errno);
    }

    [Fact]
    public void After_a_failure_the_next_dump_takes_a_new_socket()
    {
        ScriptedKernel lying = new ScriptedKernel().Reply(n => Socket(n + 7, 1));
        ScriptedKernel honest = new ScriptedKernel().Reply(n => [.. Socket(n, 1), .. Done(n)]);
        using SockDiagClient client = Client(lying, honest);
        Assert.Throws<MalformedMessageException>(() => Cookies(client));
        Assert.Equal([1], Cookies(client));
        Assert.True(lying.IsClosed);
    }

    [Fact]
    public void A_dump_that_was_left_early_does_not_disturb_the_next_one()
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
    public void A_closed_client_says_so()
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

    /// <summary>A client that gets one kernel after the other, as it opens socket after socket.</summary>
    private static SockDiagClient Client(params ScriptedKernel[] kernels)
    {
        Queue<ScriptedKernel> left = new(kernels);
        return new SockDiagClient(() => left.Dequeue(), TimeProvider.System);
    }

    /// <summary>Takes a second for each reception, on a clock that the test sets.</summary>
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
