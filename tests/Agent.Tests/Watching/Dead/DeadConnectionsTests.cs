using System.Net;
using System.Net.Sockets;
using Agent.Platform;
using Agent.Watching;
using Netlink;
using Netlink.SockDiag.Filters;
using Testing;

namespace Agent.Tests.Watching.Dead;

/// <summary>Connections that the kernel has ended and a server has not closed.</summary>
public sealed class DeadConnectionsTests : DeadConnectionsScene
{
    [Fact]
    public void Reset_connections_stay_held_with_their_clients_until_the_server_closes_them()
    {
        Accept(20, One);
        Accept(7, Two);
        Assert.Equal("27 held, 0 dead: 127.0.0.1 20, 127.0.0.2 7", Count());

        Clients.Reset();
        Assert.Equal("27 held, 27 dead: 127.0.0.1 20 (20 dead), 127.0.0.2 7 (7 dead)", Count());
        Assert.Equal("27 held, 27 dead: 127.0.0.1 20 (20 dead), 127.0.0.2 7 (7 dead)", Count());

        Server.Do("close 22");
        Assert.Equal("5 held, 5 dead: 127.0.0.2 5 (5 dead)", Count());
        Server.Do("close 5");
        Assert.Equal("0 held, 0 dead: ", Count());
    }

    [Fact]
    public void First_census_finds_dead_connections()
    {
        Accept(3, One);
        Clients.Reset();
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
    }

    [Fact]
    public void Connections_that_come_and_are_reset_between_two_censuses_are_found()
    {
        Accept(2, One);
        Assert.Equal("2 held, 0 dead: 127.0.0.1 2", Count());

        Accept(20, Two);
        // Two stay: they are the first ones.
        Clients.Reset(2);
        Accept(2, One);
        Clients.Reset(20);
        Assert.Equal("24 held, 22 dead: 127.0.0.2 20 (20 dead), 127.0.0.1 4 (2 dead)", Count());
    }

    [Fact]
    public void Five_thousand_connections_with_twenty_dead_ones_are_exact()
    {
        Requires.That(DescriptorLimit.Read("/proc/self") > 6000, "this process may not have the descriptors for 5,000 connections: ulimit -n");
        Server.Do("listen 8500 127.0.0.1");
        for (int i = 0; i < 20; i++)
        {
            Clients.Connect(250, 8500, to: One, from: Two);
            Server.Do("accept 250");
        }

        Assert.Equal("5000 held, 0 dead: 127.0.0.2 5000", Count());
        Clients.Reset(20);
        Assert.Equal("5000 held, 20 dead: 127.0.0.2 5000 (20 dead)", Count());
    }

    [Fact]
    public void Clients_of_a_dual_stack_socket_keep_their_ip_version()
    {
        Server.Do("listen 8500 ::");
        Clients.Connect(2, 8500, from: One);
        Clients.Connect(3, 8500, from: IPAddress.IPv6Loopback);
        Server.Do("accept 5");
        Count();
        Clients.Reset();
        Assert.Equal("5 held, 5 dead: ::1 3 (3 dead), 127.0.0.1 2 (2 dead)", Count());
        using Census fresh = CensusOf(Host, 8500);
        Assert.Equal("5 held, 5 dead: ::1 3 (3 dead), 127.0.0.1 2 (2 dead)", Count(fresh));
    }

    [Fact]
    public void Mptcp_listener_is_looked_at_like_a_plain_one()
    {
        Requires.That(File.Exists("/proc/sys/net/mptcp/enabled"), "this kernel has no MPTCP");
        Server.Do("listen 8500 127.0.0.1 mptcp");
        Clients.Connect(4, 8500);
        Server.Do("accept 4");
        Clients.Reset(3);
        Assert.Equal("4 held, 3 dead: 127.0.0.1 4 (3 dead)", Count());
    }

    [Fact]
    public void Each_watch_has_the_dead_connections_of_its_ports()
    {
        using Census census = new(
            new WatchedNamespace(NetworkNamespace.Parse(Host.Path), null, [new Watch("both", [8500, 8501]), new Watch("one", [8501])]),
            Time,
            keepsPeaks: true);
        Accept(2, One);
        Server.Do("listen 8501 127.0.0.1");
        Clients.Connect(3, 8501, from: Two, to: One);
        Server.Do("accept 3");
        census.Take();
        Clients.Reset();
        NamespaceCounts found = census.Take();
        Assert.Equal(["both 5 of 5", "one 3 of 3"], found.Watches.Select(counts => $"{counts.Watch.Name} {counts.Dead} of {counts.Held}"));
        Assert.Equal([(8500, 2L), (8501, 3L)], found.Ports.Select(port => ((int)port.Port, port.Dead!.Value)));
        Assert.Equal([3, 3], found.Watches.Select(counts => counts.Peak!.Value));
    }

    [Fact]
    public void Port_where_nothing_listens_has_no_dead_connections_and_no_number_of_them()
    {
        NamespaceCounts found = Census.Take();
        Assert.Null(Assert.Single(found.Ports).Dead);
        Assert.Equal((0L, false), (found.Watches[0].Dead!.Value, found.Watches[0].IsMinimum));
        Assert.Null(found.DeadProblem);
    }

    [Fact]
    public void Descriptor_that_gets_another_number_is_still_known()
    {
        Accept(1, One);
        Count();
        Clients.Reset();
        Assert.Equal("1 held, 1 dead: 127.0.0.1 1 (1 dead)", Count());
        Server.Do("move");
        Assert.Equal("1 held, 1 dead: 127.0.0.1 1 (1 dead)", Count());
    }

    [Fact]
    public void Half_closed_connections_are_not_dead()
    {
        Accept(2, One);
        Clients.Dispose();
        Assert.Equal("2 held, 0 dead: 127.0.0.1 2", Count());
    }

    /// <summary>One process, two network namespaces, the same port: a copied socket tells to which of them it belongs.</summary>
    [Fact]
    public void Dead_connection_counts_in_its_own_network_namespace_only()
    {
        using TestNamespace other = new();
        using Connections here = new(Host, 8500);
        using Connections there = new(other, 8500);
        Assert.Equal("0 held, 0 dead: ", Count());
        using Census census = CensusOf(other, 8500);
        foreach ((Socket client, _) in there.Accept(3))
        {
            Reset(client);
        }

        foreach ((Socket client, _) in here.Accept(1))
        {
            Reset(client);
        }

        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count(census));
        Assert.Equal("1 held, 1 dead: 127.0.0.1 1 (1 dead)", Count());
    }

    [Fact]
    public void Other_sockets_of_the_server_are_not_counted()
    {
        using Connections server = new(Host, 8500);
        using Socket udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using Socket unix = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using Socket unbound = Host.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        using Socket bound = Host.Run(() =>
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(Two, 8500));
            return socket;
        });
        // A connection of the server to another one, which that one has reset.
        using Connections backend = new(Host, 9000);
        (Socket upstream, Socket far) = backend.Accept(1)[0];
        Reset(far);
        Assert.Equal("0 held, 0 dead: ", Count());
        Assert.Equal("0 held, 0 dead: ", Count());
        GC.KeepAlive(upstream);
    }

    [Fact]
    public void Filter_selects_dead_connections_too()
    {
        Accept(3, One);
        Accept(2, Two);
        Clients.Reset();
        using Census filtered = new(
            new WatchedNamespace(NetworkNamespace.Parse(Host.Path), null, [new Watch("consul", [8500])]),
            Time,
            keepsPeaks: false,
            SocketFilter.Parse("dst 127.0.0.2 or dst 192.0.2.0/24"));
        Assert.Equal("2 held, 2 dead: 127.0.0.2 2 (2 dead)", Count(filtered));
    }

    [Fact]
    public void Dead_connections_survive_a_reload()
    {
        Accept(4, One);
        Count();
        Clients.Reset();
        Count();
        using Census next = CensusOf(Host, 8500, 8501);
        next.TakeOver(Census);
        Assert.Equal("4 held, 4 dead: 127.0.0.1 4 (4 dead)", Count(next));
    }

    [Fact]
    public async Task Under_churn_nothing_alive_is_called_dead()
    {
        Accept(10, One);
        Count();
        Clients.Reset();
        using CancellationTokenSource enough = new();
        Task churn = Task.Run(
            () =>
            {
                do
                {
                    Clients.Connect(20, 8500, from: Two, to: One);
                    Server.Do("accept 20");
                    // Ten dead ones are before them, and ten of them are left dead.
                    Server.Do("close 10");
                    Clients.Reset(10);
                    Server.Do("close 10");
                    Clients.Reset();
                }
                while (!enough.IsCancellationRequested);
            },
            TestContext.Current.CancellationToken);
        HashSet<int> dead = [];
        for (int census = 0; census < 300; census++)
        {
            dead.Add(Census.Take().Watches[0].Shown.FirstOrDefault(client => $"{client.Client}" == "127.0.0.2").Dead);
        }

        await enough.CancelAsync();
        await churn;
        // At most those twenty that are reset before the server closes them.
        Assert.All(dead, count => Assert.InRange(count, 0, 20));
        Assert.Equal("10 held, 10 dead: 127.0.0.2 10 (10 dead)", Count());
    }

    private static void Reset(Socket socket)
    {
        lock (Starting.Gate)
        {
            socket.LingerState = new LingerOption(true, 0);
            socket.Dispose();
        }
    }
}
