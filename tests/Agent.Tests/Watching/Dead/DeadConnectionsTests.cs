using System.Net;
using System.Net.Sockets;
using Agent.Platform;
using Agent.Watching;
using Netlink;
using Netlink.SockDiag.Filters;
using Testing;

namespace Agent.Tests.Watching.Dead;

/// <summary>Connections that the kernel has ended and a server has not closed, on the real kernel, as root.</summary>
public sealed class DeadConnectionsTests : IDisposable
{
    private static readonly IPAddress One = IPAddress.Parse("127.0.0.1");
    private static readonly IPAddress Two = IPAddress.Parse("127.0.0.2");

    // It stands still, so that a look is never too expensive to be repeated.
    private static readonly ManualTime Time = new();

    private readonly TestNamespace _host = new();
    private readonly PythonServer _server;
    private readonly Clients _clients;
    private readonly Census _census;
    private bool _listens;

    public DeadConnectionsTests()
    {
        _server = new PythonServer(_host);
        _clients = new Clients(_host);
        _census = CensusOf(_host, 8500);
    }

    public void Dispose()
    {
        _census.Dispose();
        _clients.Dispose();
        _server.Dispose();
        _host.Dispose();
    }

    [Fact]
    public void Reset_connections_stay_held_with_their_clients_until_the_server_closes_them()
    {
        Accept(20, One);
        Accept(7, Two);
        Assert.Equal("27 held, 0 dead: 127.0.0.1 20, 127.0.0.2 7", Count());

        _clients.Reset();
        Assert.Equal("27 held, 27 dead: 127.0.0.1 20 (20 dead), 127.0.0.2 7 (7 dead)", Count());
        Assert.Equal("27 held, 27 dead: 127.0.0.1 20 (20 dead), 127.0.0.2 7 (7 dead)", Count());

        _server.Do("close 22");
        Assert.Equal("5 held, 5 dead: 127.0.0.2 5 (5 dead)", Count());
        _server.Do("close 5");
        Assert.Equal("0 held, 0 dead: ", Count());
    }

    [Fact]
    public void First_census_finds_dead_connections()
    {
        Accept(3, One);
        _clients.Reset();
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
    }

    [Fact]
    public void Connections_that_come_and_are_reset_between_two_censuses_are_found()
    {
        Accept(2, One);
        Assert.Equal("2 held, 0 dead: 127.0.0.1 2", Count());

        Accept(20, Two);
        // Two stay: they are the first ones.
        _clients.Reset(2);
        Accept(2, One);
        _clients.Reset(20);
        Assert.Equal("24 held, 22 dead: 127.0.0.2 20 (20 dead), 127.0.0.1 4 (2 dead)", Count());
    }

    [Fact]
    public void Five_thousand_connections_with_twenty_dead_ones_are_exact()
    {
        Requires.That(DescriptorLimit.Read("/proc/self") > 6000, "this process may not have the descriptors for 5,000 connections: ulimit -n");
        _server.Do("listen 8500 127.0.0.1");
        for (int i = 0; i < 20; i++)
        {
            _clients.Connect(250, 8500, to: One, from: Two);
            _server.Do("accept 250");
        }

        Assert.Equal("5000 held, 0 dead: 127.0.0.2 5000", Count());
        _clients.Reset(20);
        Assert.Equal("5000 held, 20 dead: 127.0.0.2 5000 (20 dead)", Count());
    }

    [Fact]
    public void Clients_of_a_dual_stack_socket_keep_their_ip_version()
    {
        _server.Do("listen 8500 ::");
        _clients.Connect(2, 8500, from: One);
        _clients.Connect(3, 8500, from: IPAddress.IPv6Loopback);
        _server.Do("accept 5");
        Count();
        _clients.Reset();
        Assert.Equal("5 held, 5 dead: ::1 3 (3 dead), 127.0.0.1 2 (2 dead)", Count());
        using Census fresh = CensusOf(_host, 8500);
        Assert.Equal("5 held, 5 dead: ::1 3 (3 dead), 127.0.0.1 2 (2 dead)", Count(fresh));
    }

    [Fact]
    public void Mptcp_listener_is_looked_at_like_a_plain_one()
    {
        Requires.That(File.Exists("/proc/sys/net/mptcp/enabled"), "this kernel has no MPTCP");
        _server.Do("listen 8500 127.0.0.1 mptcp");
        _clients.Connect(4, 8500);
        _server.Do("accept 4");
        _clients.Reset(3);
        Assert.Equal("4 held, 3 dead: 127.0.0.1 4 (3 dead)", Count());
    }

    [Fact]
    public void Each_watch_has_the_dead_connections_of_its_ports()
    {
        using Census census = new(
            new WatchedNamespace(NetworkNamespace.Parse(_host.Path), null, [new Watch("both", [8500, 8501]), new Watch("one", [8501])]),
            Time,
            keepsPeaks: true);
        Accept(2, One);
        _server.Do("listen 8501 127.0.0.1");
        _clients.Connect(3, 8501, from: Two, to: One);
        _server.Do("accept 3");
        census.Take();
        _clients.Reset();
        NamespaceCounts found = census.Take();
        Assert.Equal(["both 5 of 5", "one 3 of 3"], found.Watches.Select(counts => $"{counts.Watch.Name} {counts.Dead} of {counts.Held}"));
        Assert.Equal([(8500, 2L), (8501, 3L)], found.Ports.Select(port => ((int)port.Port, port.Dead!.Value)));
        Assert.Equal([3, 3], found.Watches.Select(counts => counts.Peak!.Value));
    }

    [Fact]
    public void Port_where_nothing_listens_has_no_dead_connections_and_no_number_of_them()
    {
        NamespaceCounts found = _census.Take();
        Assert.Null(Assert.Single(found.Ports).Dead);
        Assert.Equal((0L, false), (found.Watches[0].Dead!.Value, found.Watches[0].IsMinimum));
        Assert.Null(found.DeadProblem);
    }

    [Fact]
    public void Server_that_no_longer_listens_still_holds_its_dead_connections()
    {
        Accept(5, One);
        Count();
        _server.Do("unlisten");
        _clients.Reset(2);
        Assert.Equal("5 held, 2 dead: 127.0.0.1 5 (2 dead)", Count());
        _clients.Reset();
        Assert.Equal("5 held, 5 dead: 127.0.0.1 5 (5 dead)", Count());
        _server.Do("close 4");
        Assert.Equal("1 held, 1 dead: 127.0.0.1 1 (1 dead)", Count());
    }

    [Fact]
    public void Socket_that_several_processes_share_is_counted_once_and_until_the_last_closes_it()
    {
        Accept(3, One);
        _server.Do("share");
        Count();
        _clients.Reset();
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
        _server.Do("close 3");
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
        _server.Do("end-children");
        Assert.Equal("0 held, 0 dead: ", Count());
    }

    /// <summary>Like PostgreSQL: a process for each connection, which does not listen.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(65534)]
    public void Connections_of_a_child_of_the_server_are_found(int user)
    {
        Accept(3, One);
        _server.Do($"hand-over {user}");
        _clients.Reset(2);
        Assert.Equal("3 held, 2 dead: 127.0.0.1 3 (2 dead)", Count());
        _clients.Reset();
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
        using Census fresh = CensusOf(_host, 8500);
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count(fresh));
    }

    [Fact]
    public void New_child_of_a_known_server_is_found_when_its_connection_disappears()
    {
        Accept(1, One);
        Count();
        _clients.Connect(2, 8500);
        _server.Do("accept 2");
        _server.Do("hand-over 0");
        Assert.Equal("3 held, 0 dead: 127.0.0.1 3", Count());
        _clients.Reset();
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
    }

    /// <summary>Like a script check that Consul runs.</summary>
    [Fact]
    public void Connections_that_no_census_sees_are_found_after_a_child_of_the_server_has_ended()
    {
        Accept(1, One);
        _server.Do("share");
        Count();
        _server.Do("end-children");
        Assert.Equal("1 held, 0 dead: 127.0.0.1 1", Count());
        using Clients others = new(_host);
        others.Connect(20, 8500, to: One, from: Two);
        _server.Do("accept 20");
        others.Reset();
        Assert.Equal("21 held, 20 dead: 127.0.0.2 20 (20 dead), 127.0.0.1 1", Count());
    }

    /// <summary>Like a service that systemd starts for each connection: another process listens, and is not its parent.</summary>
    [Fact]
    public void Process_that_neither_listens_nor_descends_from_the_server_is_found_when_its_connection_disappears()
    {
        Accept(1, One);
        Count();
        _clients.Connect(2, 8500);
        _server.Do("accept 2");
        _server.Do("hand-to-orphan 0");
        Assert.Equal("3 held, 0 dead: 127.0.0.1 3", Count());
        _clients.Reset();
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
    }

    /// <summary>The kernel tells the user that accepted a connection, not the user of the process that has it.</summary>
    [Fact]
    public void Process_of_another_user_that_neither_listens_nor_descends_from_the_server_is_found()
    {
        Accept(2, One);
        _server.Do("hand-to-orphan 65534");
        Assert.Equal("2 held, 0 dead: 127.0.0.1 2", Count());
        _clients.Reset();
        Assert.Equal("2 held, 2 dead: 127.0.0.1 2 (2 dead)", Count());
    }

    [Fact]
    public void New_child_is_found_although_another_one_ends_at_the_same_time()
    {
        Accept(1, One);
        _server.Do("hand-over 0");
        Assert.Equal("1 held, 0 dead: 127.0.0.1 1", Count());
        _server.Do("end-children");
        Accept(1, Two);
        _server.Do("hand-over 0");
        Assert.Equal("1 held, 0 dead: 127.0.0.2 1", Count());
        _clients.Reset();
        Assert.Equal("1 held, 1 dead: 127.0.0.2 1 (1 dead)", Count());
    }

    [Fact]
    public void Server_that_changed_its_user_after_it_began_to_listen_is_found()
    {
        Accept(2, One);
        _server.Do("user 65534");
        _clients.Reset();
        Assert.Equal("2 held, 2 dead: 127.0.0.1 2 (2 dead)", Count());
    }

    [Fact]
    public void Restarted_server_is_found_again()
    {
        Accept(2, One);
        Count();
        _clients.Reset();
        Assert.Equal("2 held, 2 dead: 127.0.0.1 2 (2 dead)", Count());
        _server.Dispose();
        Assert.Equal("0 held, 0 dead: ", Count());

        using PythonServer other = new(_host);
        other.Do("listen 8500 127.0.0.1");
        _clients.Connect(3, 8500);
        other.Do("accept 3");
        Count();
        _clients.Reset();
        Assert.Equal("3 held, 3 dead: 127.0.0.1 3 (3 dead)", Count());
    }

    [Fact]
    public void Two_servers_on_the_same_port_are_both_looked_at()
    {
        Accept(2, One);
        using PythonServer other = new(_host);
        other.Do("listen 8500 127.0.0.2");
        _clients.Connect(3, 8500, to: Two);
        other.Do("accept 3");
        Count();
        _clients.Reset();
        Assert.Equal("5 held, 5 dead: 127.0.0.1 5 (5 dead)", Count());
        other.Dispose();
        Assert.Equal("2 held, 2 dead: 127.0.0.1 2 (2 dead)", Count());
    }

    [Fact]
    public void Descriptor_that_gets_another_number_is_still_known()
    {
        Accept(1, One);
        Count();
        _clients.Reset();
        Assert.Equal("1 held, 1 dead: 127.0.0.1 1 (1 dead)", Count());
        _server.Do("move");
        Assert.Equal("1 held, 1 dead: 127.0.0.1 1 (1 dead)", Count());
    }

    [Fact]
    public void Half_closed_connections_are_not_dead()
    {
        Accept(2, One);
        _clients.Dispose();
        Assert.Equal("2 held, 0 dead: 127.0.0.1 2", Count());
    }

    /// <summary>One process, two network namespaces, the same port: a copied socket tells to which of them it belongs.</summary>
    [Fact]
    public void Dead_connection_counts_in_its_own_network_namespace_only()
    {
        using TestNamespace other = new();
        using Connections here = new(_host, 8500);
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
        using Connections server = new(_host, 8500);
        using Socket udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using Socket unix = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using Socket unbound = _host.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        using Socket bound = _host.Run(() =>
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(Two, 8500));
            return socket;
        });
        // A connection of the server to another one, which that one has reset.
        using Connections backend = new(_host, 9000);
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
        _clients.Reset();
        using Census filtered = new(
            new WatchedNamespace(NetworkNamespace.Parse(_host.Path), null, [new Watch("consul", [8500])]),
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
        _clients.Reset();
        Count();
        using Census next = CensusOf(_host, 8500, 8501);
        next.TakeOver(_census);
        Assert.Equal("4 held, 4 dead: 127.0.0.1 4 (4 dead)", Count(next));
    }

    [Fact]
    public async Task Under_churn_nothing_alive_is_called_dead()
    {
        Accept(10, One);
        Count();
        _clients.Reset();
        using CancellationTokenSource enough = new();
        Task churn = Task.Run(
            () =>
            {
                do
                {
                    _clients.Connect(20, 8500, from: Two, to: One);
                    _server.Do("accept 20");
                    // Ten dead ones are before them, and ten of them are left dead.
                    _server.Do("close 10");
                    _clients.Reset(10);
                    _server.Do("close 10");
                    _clients.Reset();
                }
                while (!enough.IsCancellationRequested);
            },
            TestContext.Current.CancellationToken);
        HashSet<int> dead = [];
        for (int census = 0; census < 300; census++)
        {
            dead.Add(_census.Take().Watches[0].Shown.FirstOrDefault(client => $"{client.Client}" == "127.0.0.2").Dead);
        }

        await enough.CancelAsync();
        await churn;
        // At most those twenty that are reset before the server closes them.
        Assert.All(dead, count => Assert.InRange(count, 0, 20));
        Assert.Equal("10 held, 10 dead: 127.0.0.2 10 (10 dead)", Count());
    }

    [Fact]
    public void Open_files_of_the_server_are_counted_against_its_limit()
    {
        Accept(5, One);
        OpenFiles before = _census.Take().Watches[0].OpenFiles!.Value;
        Assert.Equal(_server.Id, before.ProcessId);
        Assert.Equal(Directory.GetFileSystemEntries($"/proc/{_server.Id}/fd").Length, before.Open);
        Assert.True(before.Limit > before.Open, $"{before}");

        _clients.Connect(3, 8500);
        _server.Do("accept 3");
        Assert.Equal(before.Open + 3, _census.Take().Watches[0].OpenFiles!.Value.Open);
    }

    [Fact]
    public async Task Descriptors_that_waiting_calls_of_accept_have_reserved_are_open_files()
    {
        Accept(5, One);
        ProcessDirectory process = ProcessDirectory.All().Single(each => each.Id == _server.Id);
        Requires.That(process.CountDescriptors() is not null, "this kernel does not tell the number of descriptors (before 6.2)");
        long before = _census.Take().Watches[0].OpenFiles!.Value.Open;
        _server.Do("wait");
        await Poll.Until(() => process.CountDescriptors() == before + 1, "the server waits in accept(2)");
        // A first census lists the descriptors; the next ones only count them.
        using Census fresh = CensusOf(_host, 8500);
        Assert.Equal([before + 1, before + 1], [fresh.Take().Watches[0].OpenFiles!.Value.Open, fresh.Take().Watches[0].OpenFiles!.Value.Open]);
    }

    private static void Reset(Socket socket)
    {
        lock (Starting.Gate)
        {
            socket.LingerState = new LingerOption(true, 0);
            socket.Dispose();
        }
    }

    private static Census CensusOf(TestNamespace host, params ushort[] ports) => new(
        new WatchedNamespace(NetworkNamespace.Parse(host.Path), null, [new Watch("consul", [.. ports])]), Time, keepsPeaks: false);

    private void Accept(int count, IPAddress from)
    {
        if (!_listens)
        {
            _server.Do("listen 8500 127.0.0.1");
            _listens = true;
        }

        _clients.Connect(count, 8500, to: One, from: from);
        _server.Do($"accept {count}");
    }

    private string Count() => Count(_census);

    private static string Count(Census census)
    {
        NamespaceCounts found = census.Take();
        Assert.True(found.Succeeded, found.Failure);
        Assert.Null(found.DeadProblem);
        WatchCounts counts = Assert.Single(found.Watches);
        Assert.False(counts.IsMinimum);
        return $"{counts.Held} held, {counts.Dead} dead: "
            + string.Join(", ", counts.Shown.Select(client => $"{client.Client} {client.Held}{(client.Dead > 0 ? $" ({client.Dead} dead)" : "")}"));
    }
}
