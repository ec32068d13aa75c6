using System.Net;
using Agent.Watching;
using Agent.Watching.Dead;
using Netlink;
using Netlink.SockDiag;
using Testing;

namespace Agent.Tests.Watching;

public sealed class CensusTests
{
    private static readonly Watch Consul = new("consul", [8500]);
    private static readonly WatchedNamespace ConsulHere = new(null, null, [Consul]);

    [Fact]
    public async Task Every_kind_of_connection_is_counted_on_a_real_kernel()
    {
        using TestNamespace host = new();
        using Connections consul = new(host, 8500, IPAddress.IPv6Any);
        using Connections https = new(host, 8501);
        using Connections other = new(host, 8502);
        consul.Accept(3, to: IPAddress.Loopback);
        consul.Accept(2, to: IPAddress.IPv6Loopback);
        consul.HalfClose(5);
        consul.LeaveInTimeWait(6);
        // To another address, because a client with the same port as one in TIME_WAIT would replace it.
        consul.LeaveUnaccepted(4, to: IPAddress.Parse("127.0.0.2"));
        https.Accept(1);
        other.Accept(9);
        await Poll.Until(() => CountTimeWait(host, 8500) == 6, "six connections are in TIME_WAIT");

        using Census census = CensusOf(host, new Watch("consul", [8500, 8501]));
        NamespaceCounts found = census.Take();

        Assert.Null(found.Failure);
        Assert.Equal(
            [
                new PortCounts(8500, Ipv4: 7, Ipv6: 2, Unaccepted: 4, new AcceptQueue(4, 1024)) { Dead = 0 },
                new PortCounts(8501, Ipv4: 1, Ipv6: 0, Unaccepted: 0, new AcceptQueue(0, 1024)) { Dead = 0 },
            ],
            found.Ports);
    }

    [Fact]
    public void Port_without_listeners_and_connections_has_zeros_and_no_accept_queue()
    {
        using TestNamespace host = new();
        using Census census = CensusOf(host, Consul);
        Assert.Equal([new PortCounts(8500, 0, 0, 0, AcceptQueue: null)], census.Take().Ports);
    }

    [Fact]
    public void Accept_queues_of_several_listeners_are_summed()
    {
        using TestNamespace host = new();
        using Connections one = new(host, 8500, IPAddress.Parse("127.0.0.1"));
        using Connections two = new(host, 8500, IPAddress.Parse("127.0.0.2"));
        one.LeaveUnaccepted(2, to: IPAddress.Parse("127.0.0.1"));
        two.LeaveUnaccepted(3, to: IPAddress.Parse("127.0.0.2"));
        using Census census = CensusOf(host, Consul);
        Assert.Equal([new PortCounts(8500, 5, 0, 5, new AcceptQueue(5, 2048)) { Dead = 0 }], census.Take().Ports);
    }

    [Fact]
    public void Port_of_two_watches_is_counted_once()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(2);
        using Census census = CensusOf(host, Consul, new Watch("also", [8500, 9000]));
        Assert.Equal([8500, 9000], census.Take().Ports.Select(counts => (int)counts.Port));
        Assert.Equal([2L, 0L], census.Take().Ports.Select(counts => counts.Ipv4));
    }

    [Fact]
    public void Held_connections_are_those_that_take_a_slot_of_the_client()
    {
        using TestNamespace host = new();
        using Connections http = new(host, 8500, IPAddress.IPv6Any);
        using Connections https = new(host, 8501);
        http.Accept(3, to: IPAddress.Loopback, from: IPAddress.Parse("127.0.0.7"));
        https.Accept(2, from: IPAddress.Parse("127.0.0.7"));
        http.Accept(4, to: IPAddress.IPv6Loopback);
        http.HalfClose(2);
        http.LeaveUnaccepted(5, to: IPAddress.Loopback);
        Watch both = new("both", [8500, 8501]) { ShownClients = 2 };
        Watch one = new("one", [8501]);

        using Census census = CensusOf(host, both, one);
        NamespaceCounts found = census.Take();

        Assert.Null(found.Failure);
        WatchCounts shared = found.Watches[0];
        Assert.Equal((11L, 3, 5), (shared.Held, shared.Clients, shared.Highest));
        Assert.Equal(["127.0.0.7 5", "::1 4"], shared.Shown.Select(client => $"{client.Client} {client.Held}"));
        Assert.Null(shared.Peak);
        Assert.Equal((2L, 1, 2), (found.Watches[1].Held, found.Watches[1].Clients, found.Watches[1].Highest));
    }

    [Fact]
    public void Socket_that_changed_its_state_or_port_during_the_dump_is_not_counted()
    {
        using Census census = CensusOf(new ScriptedKernel().Reply(n =>
        [
            .. Replies.Socket(n, 1),
            .. Replies.Socket(n, 2, state: 4), // FIN_WAIT1
            .. Replies.Socket(n, 3, port: 0),
            .. Replies.Done(n),
        ]));
        Assert.Equal(1, Assert.Single(census.Take().Ports).Ipv4);
    }

    [Fact]
    public void Incomplete_dump_is_repeated_from_the_start()
    {
        using Census census = CensusOf(
            new ScriptedKernel().Reply(n => [.. Replies.Socket(n, 1), .. Replies.Socket(n, 2, flags: Replies.Multi | Replies.DumpInterrupted)]),
            new ScriptedKernel().Reply(n => [.. Replies.Socket(n, 1), .. Replies.Socket(n, 2), .. Replies.Done(n)]));
        NamespaceCounts found = census.Take();
        Assert.Null(found.Failure);
        Assert.Equal(2, Assert.Single(found.Ports).Ipv4);
    }

    [Fact]
    public void Failed_census_has_a_reason_and_no_counts_and_the_next_one_recovers()
    {
        const int ENOENT = 2;
        ManualTime time = new();
        Queue<ScriptedKernel> kernels = new(
        [
            new ScriptedKernel().Reply(n => [.. Replies.Socket(n, 1), .. Replies.Done(n)]).Reply(n => [.. Replies.Socket(n, 1), .. Replies.Done(n, ENOENT)]),
            new ScriptedKernel().Reply(n => [.. Replies.Socket(n, 1), .. Replies.Done(n)]),
        ]);
        using Census census = new(new SockDiagClient(kernels.Dequeue, time), ConsulHere, time, keepsPeaks: true);

        DateTimeOffset firstSuccess = time.Wall;
        Assert.Equal(firstSuccess, census.Take().LastSuccess);

        time.Leap(TimeSpan.FromSeconds(1));
        NamespaceCounts failed = census.Take();
        Assert.False(failed.Succeeded);
        Assert.Contains("modprobe tcp_diag", failed.Failure);
        Assert.Empty(failed.Ports);
        Assert.Equal(firstSuccess, failed.LastSuccess);

        time.Leap(TimeSpan.FromSeconds(1));
        NamespaceCounts recovered = census.Take();
        Assert.True(recovered.Succeeded);
        Assert.Equal(time.Wall, recovered.LastSuccess);
    }

    [Fact]
    public void Unexpected_exception_is_a_failed_census()
    {
        ManualTime time = new();
        using Census census = new(new SockDiagClient(() => throw new InvalidOperationException("oops"), time), ConsulHere, time, keepsPeaks: true);
        Assert.Equal("the census failed: oops", census.Take().Failure);
    }

    [Fact]
    public void Sum_of_accept_queues_does_not_overflow()
    {
        PortTally tally = new([8500], [new WatchTally(Consul, time: null)], Unseen(8500));
        byte[] listener = Replies.Payload(1, 8500, IPAddress.Any, state: 10, inode: 1, receiveQueue: uint.MaxValue, sendQueue: uint.MaxValue);
        tally.Add(InetSocket.Read(listener));
        tally.Add(InetSocket.Read(listener));
        Assert.Equal(new AcceptQueue(2L * uint.MaxValue, 2L * uint.MaxValue), Assert.Single(tally.ToCounts()).AcceptQueue);
    }

    [Fact]
    public void Only_watched_ports_are_counted_and_not_their_neighbors()
    {
        ushort[] watched = [80, 8500, 8501, 0x2234, ushort.MaxValue];
        PortTally tally = new([.. watched], [], Unseen(watched));
        foreach (int port in watched.SelectMany(port => new[] { port - 1, port, port + 1, port ^ 0x100 }).Where(port => port <= ushort.MaxValue).Distinct())
        {
            tally.Add(InetSocket.Read(Replies.Payload(1, port, IPAddress.Loopback, state: 1, inode: 1)));
        }

        Assert.Equal(watched.Select(port => (port, 1L)), tally.ToCounts().Select(counts => (counts.Port, counts.Ipv4)));
    }

    private static int CountTimeWait(TestNamespace host, ushort port)
    {
        using SockDiagClient client = new(NetworkNamespace.Parse(host.Path));
        int count = 0;
        foreach (InetSocket socket in client.Dump(new SocketQuery(TcpStates.TimeWait, port)))
        {
            count++;
        }

        return count;
    }

    private static Census CensusOf(TestNamespace host, params Watch[] watches) =>
        new(new WatchedNamespace(NetworkNamespace.Parse(host.Path), null, [.. watches]), TimeProvider.System, keepsPeaks: false);

    private static Census CensusOf(params ScriptedKernel[] kernels)
    {
        Queue<ScriptedKernel> left = new(kernels);
        return new Census(
            new SockDiagClient(left.Dequeue, TimeProvider.System), ConsulHere, TimeProvider.System, keepsPeaks: false);
    }

    private static DeadConnections Unseen(params ushort[] ports) => new([.. ports], filter: null, TimeProvider.System);
}
