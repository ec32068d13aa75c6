using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Agent.Watching;
using Netlink;
using Netlink.SockDiag;
using Testing;

namespace Agent.Tests.Watching;

/// <summary>Drops of listening sockets, on the real kernel and on a scripted one.</summary>
public sealed class ListenDropsTests
{
    [Fact]
    public async Task Full_accept_queue_drops_connections()
    {
        using TestNamespace host = new();
        using Busy server = new(host, 8500);
        using Census census = CensusOf(host, 8500);
        Assert.Equal(0, census.Take().Ports[0].Drops);

        // Three fit into the queue.
        server.Connect(8);
        await Poll.Until(() => census.Take().Ports[0].Drops >= 5, "five SYNs were dropped");
    }

    [Fact]
    public async Task Drops_before_the_first_census_do_not_count()
    {
        using TestNamespace host = new();
        using Busy server = new(host, 8500);
        server.Connect(8);
        await Poll.Until(() => DropsOf(host) >= 5, "five SYNs were dropped");
        using Census census = CensusOf(host, 8500);
        // A client repeats its SYN after a second, and the census may come between two.
        Assert.InRange(census.Take().Ports[0].Drops.GetValueOrDefault(-1), 0, 4);
    }

    [Fact]
    public async Task Sum_survives_a_listener_that_closes_and_comes_back()
    {
        using TestNamespace host = new();
        using Census census = CensusOf(host, 8500);
        Assert.Null(census.Take().Ports[0].Drops);
        long first;
        using (Busy server = new(host, 8500))
        {
            server.Connect(8);
            first = (await Poll.For(() => census.Take().Ports[0].Drops, drops => drops >= 5, "five SYNs were dropped")).GetValueOrDefault();
        }

        Assert.Null(census.Take().Ports[0].Drops);
        using Busy again = new(host, 8500);
        Assert.InRange(census.Take().Ports[0].Drops.GetValueOrDefault(), first, long.MaxValue);
        again.Connect(8);
        await Poll.Until(() => census.Take().Ports[0].Drops >= first + 5, "five more SYNs were dropped");
    }

    [Fact]
    public void Single_census_has_no_drops()
    {
        using TestNamespace host = new();
        using Busy server = new(host, 8500);
        using Census census = new(
            new WatchedNamespace(NetworkNamespace.Parse(host.Path), null, [new Watch("a", [8500])]), TimeProvider.System, keepsPeaks: false);
        Assert.NotNull(census.Take().Ports[0].AcceptQueue);
        Assert.Null(census.Take().Ports[0].Drops);
    }

    [Fact]
    public void Growth_is_added_up_by_cookie()
    {
        ListenDrops drops = new([8500, 8501]);
        // At the first look the present value is the start.
        Assert.Equal([0, null], Look(drops, Listener(1, 100)));
        Assert.Equal([5, null], Look(drops, Listener(1, 105)));
        // A new listener starts from 0.
        Assert.Equal([12, null], Look(drops, Listener(1, 105), Listener(2, 7)));
        // The port had no listener before, so all of its drops are growth.
        Assert.Equal([12, 3], Look(drops, Listener(2, 7), Listener(3, 3, port: 8501)));
        Assert.Equal([null, 3], Look(drops, Listener(3, 3, port: 8501)));
        Assert.Equal([13, null], Look(drops, Listener(4, 1)));
    }

    [Fact]
    public void Counter_that_starts_again_at_zero_keeps_the_sum_right()
    {
        ListenDrops drops = new([8500]);
        Assert.Equal([0], Look(drops, Listener(1, uint.MaxValue - 1)));
        Assert.Equal([4], Look(drops, Listener(1, 2)));
    }

    [Fact]
    public void Port_whose_listener_does_not_tell_is_absent()
    {
        ListenDrops drops = new([8500]);
        Assert.Equal([null], Look(drops, n => Replies.Socket(n, 1, state: 10)));
        Assert.Equal([null], Look(drops, Listener(2, 5), n => Replies.Socket(n, 1, state: 10)));
    }

    [Fact]
    public void Reload_continues_known_ports_and_begins_new_ones()
    {
        ListenDrops before = new([8500]);
        Look(before, Listener(1, 100));
        Look(before, Listener(1, 110));
        ListenDrops after = new([8500, 8501]);
        after.TakeOver(before);
        Assert.Equal([11, 0], Look(after, Listener(1, 111), Listener(2, 50, port: 8501)));
    }

    [Fact]
    public void Refused_look_leaves_only_the_drops_out()
    {
        ListenDrops drops = new([8500]);
        Look(drops, Listener(1, 100));
        Assert.Equal([null], Look(drops, Listener(1, 105), n => Replies.Error(n, 22)));
        Assert.Equal([9], Look(drops, Listener(1, 109)));
    }

    [Fact]
    public void No_request_is_sent_where_nothing_listens()
    {
        ListenDrops drops = new([8500]);
        using SockDiagClient client = new(() => throw new InvalidOperationException("a request was sent"), TimeProvider.System);
        Assert.Equal([new PortCounts(8500, 1, 0, 0, null)], drops.AddTo(client, [new PortCounts(8500, 1, 0, 0, null)]));
    }

    private static Func<uint, byte[]> Listener(ulong cookie, uint drops, int port = 8500) => n => Replies.Listener(n, cookie, drops, port);

    /// <summary>One look at a kernel with these listeners, after a census that saw one on each of their ports.</summary>
    private static long?[] Look(ListenDrops drops, params Func<uint, byte[]>[] listeners)
    {
        using SockDiagClient client = new(
            () => new ScriptedKernel().ForEver(n => [.. listeners.SelectMany(listener => listener(n)), .. Replies.Done(n)]), TimeProvider.System);
        // The port is at the start of inet_diag_sockid; in an error, it is 0.
        HashSet<ushort> open = [.. listeners.Select(listener => BinaryPrimitives.ReadUInt16BigEndian(listener(1).AsSpan(16 + 4)))];
        return
        [
            .. drops.AddTo(client, [.. drops.Ports.Select(port => new PortCounts(port, 0, 0, 0, open.Contains(port) ? new AcceptQueue(0, 1) : null))])
                .Select(counts => counts.Drops),
        ];
    }

    private static Census CensusOf(TestNamespace host, params ushort[] ports) =>
        new(new WatchedNamespace(NetworkNamespace.Parse(host.Path), null, [new Watch("a", [.. ports])]), TimeProvider.System, keepsPeaks: true);

    private static uint DropsOf(TestNamespace host)
    {
        using SockDiagClient client = new(NetworkNamespace.Parse(host.Path));
        uint drops = 0;
        foreach (InetSocket listener in client.Dump(SocketQuery.OfListenersWithDrops(8500)))
        {
            drops += listener.Drops.GetValueOrDefault();
        }

        return drops;
    }

    /// <summary>A server that listens with a backlog of 2 and accepts nothing.</summary>
    private sealed class Busy : IDisposable
    {
        private readonly TestNamespace _host;
        private readonly List<Socket> _sockets = [];
        private readonly int _port;

        internal Busy(TestNamespace host, int port)
        {
            _host = host;
            _port = port;
            _sockets.Add(host.Run(() =>
            {
                Socket listener = New();
                listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
                listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
                listener.Listen(2);
                return listener;
            }));
        }

        internal void Connect(int count) => _host.Run(() =>
        {
            for (int i = 0; i < count; i++)
            {
                Socket client = New();
                _sockets.Add(client);
                client.Blocking = false;
                try
                {
                    client.Connect(new IPEndPoint(IPAddress.Loopback, _port));
                }
                catch (SocketException pending) when (pending.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
                {
                }
            }
        });

        public void Dispose() => _sockets.ForEach(socket => socket.Dispose());

        private static Socket New() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    }
}
