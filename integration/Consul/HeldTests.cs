using System.Net;
using System.Net.Sockets;
using System.Text;
using Testing;

namespace Integration.Consul;

/// <summary>
/// The agent's count of slots that a client holds equals the number of slots that a real Consul no longer gives to that client.
/// </summary>
[StartsProgram]
public sealed class HeldTests
{
    private const int Limit = 50;

    // Consul never reaches this index, so the query blocks.
    private const string BlockingQuery = "GET /v1/kv/none?index=999999999&wait=9m HTTP/1.1\r\nHost: consul\r\n\r\n";

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(49)]
    [InlineData(50)]
    public async Task Held_connections_equal_used_slots_up_to_the_limit(int held)
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.KeepAlive(held);

        ConsulCensus census = await host.AssertSlotsAsync(Limit, [("127.0.0.1", held)]);

        Assert.Equal((held, 0, 0), (census.Ipv4, census.Ipv6, census.Unaccepted));
    }

    [Fact]
    public async Task Default_limit_of_the_agent_is_the_default_of_Consul()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(limit: null);
        host.Clients.KeepAlive(150);

        ConsulCensus census = await host.CountAsync([]);

        Assert.Equal((150, 200), (census.Held, census.Limit));
        Assert.Equal(50, host.Clients.FreeSlots());
    }

    [Fact]
    public async Task Each_client_has_its_own_limit()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.KeepAlive(50, "127.0.0.1");
        host.Clients.KeepAlive(20, "127.0.0.2");
        host.Clients.KeepAlive(7, "127.0.0.3");

        ConsulCensus census = await host.AssertSlotsAsync(Limit, [("127.0.0.1", 50), ("127.0.0.2", 20), ("127.0.0.3", 7), ("127.0.0.4", 0)]);

        Assert.Equal(77, census.Held);
    }

    [Theory]
    [InlineData("")]
    [InlineData("G")]
    [InlineData("GET /v1/status/leader HTTP/1.1\r\n")]
    [InlineData("PUT /v1/kv/half HTTP/1.1\r\nHost: consul\r\nContent-Length: 100\r\n\r\nhalf")]
    [InlineData(BlockingQuery)]
    public async Task Connection_holds_a_slot_after_any_kind_of_request(string sent)
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.Send(33, sent);
        host.Clients.WaitUntilAccepted();

        await host.AssertSlotsAsync(Limit, [("127.0.0.1", 33)]);
    }

    [Fact]
    public async Task Silent_connections_hold_slots_and_refused_ones_hold_none()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.Connect(70);
        host.Clients.WaitUntilAccepted();

        // The clients of the refused connections keep their ends open: at Consul these are in FIN_WAIT2.
        ConsulCensus census = await host.AssertSlotsAsync(Limit, [("127.0.0.1", 50)]);

        Assert.Equal(50, census.Ipv4);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Client_that_closed_during_a_blocking_query_holds_its_slots(bool closes)
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        foreach (Socket socket in host.Clients.Send(30, BlockingQuery))
        {
            socket.Shutdown(SocketShutdown.Send);
            if (closes)
            {
                socket.Close();
            }
        }

        host.Clients.WaitUntilAccepted();

        // CLOSE_WAIT: held, but no longer counted as a connection.
        ConsulCensus census = await host.AssertSlotsAsync(Limit, [("127.0.0.1", 30)]);

        Assert.Equal(0, census.Ipv4);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("GET /v1/status/leader HTTP/1.1\r\n", 0)]
    [InlineData("PUT /v1/kv/half HTTP/1.1\r\nHost: consul\r\nContent-Length: 100\r\n\r\nhalf", 0)]
    [InlineData(BlockingQuery, 33)]
    public async Task Reset_connection_holds_a_slot_during_a_blocking_query_only(string sent, int held)
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        IReadOnlyList<Socket> clients = host.Clients.Send(33, sent);
        await host.WaitUntilReadAsync();

        ConsulClients.Reset(clients);
        await Poll.Until(async () => (await host.CountAsync([])).Held == held, $"Consul has given back {33 - held} slots");

        ConsulCensus census = await host.AssertSlotsAsync(Limit, [("127.0.0.1", held)]);
        Assert.Equal(0, census.Ipv4);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    public async Task Reset_clients_of_a_dual_stack_socket_hold_their_slots(string address)
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit, $""" "client_addr": "{address}" """);
        IReadOnlyList<Socket>[] clients =
        [
            host.Clients.Connect(20), host.Clients.Connect(7, "127.0.0.2"), host.Clients.Connect(11, "::1", "::1"),
        ];
        foreach (Socket socket in clients.SelectMany(group => group))
        {
            socket.Send(Encoding.ASCII.GetBytes(BlockingQuery));
        }

        await host.WaitUntilReadAsync();
        Array.ForEach(clients, ConsulClients.Reset);

        await host.AssertSlotsAsync(Limit, [("127.0.0.1", 20), ("127.0.0.2", 7), ("::1", 11)]);
    }

    [Fact]
    public async Task Client_that_closed_between_two_requests_holds_no_slot()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        foreach (Socket socket in host.Clients.KeepAlive(40))
        {
            ConsulClients.HangUp(socket);
        }

        await host.AssertSlotsAsync(Limit, [("127.0.0.1", 0)]);
    }

    [Fact]
    public async Task Connection_in_TIME_WAIT_holds_no_slot()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        // Consul closes these first, so the sockets in TIME_WAIT are on Consul's port.
        foreach (Socket socket in host.Clients.Send(40, "GET /v1/status/leader HTTP/1.1\r\nHost: consul\r\nConnection: close\r\n\r\n", "127.0.0.2"))
        {
            ConsulClients.AwaitEnd(socket);
            socket.Shutdown(SocketShutdown.Both);
        }

        IPAddress client = IPAddress.Parse("127.0.0.2");
        await Poll.Until(
            () => host.Table().Count(row => row is { State: KernelTable.TimeWait, Local.Port: ConsulServer.HttpPort } && row.Peer.Address.Equals(client)) == 40,
            "all connections are in TIME_WAIT");

        await host.AssertSlotsAsync(Limit, [("127.0.0.2", 0)]);
    }

    [Fact]
    public async Task Loopback_clients_of_both_ip_versions_have_separate_limits()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit, """ "client_addr": "127.0.0.1 ::1" """);
        host.Clients.KeepAlive(12);
        host.Clients.KeepAlive(50, "::1", "::1");

        ConsulCensus census = await host.AssertSlotsAsync(Limit, [("127.0.0.1", 12), ("::1", 50)]);

        Assert.Equal((12, 50), (census.Ipv4, census.Ipv6));
    }

    [Fact]
    public async Task Clients_in_one_IPv6_prefix_have_separate_limits()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit, """ "client_addr": "::" """);
        await IpAsync(host, "address", "add", "2001:db8::1/64", "dev", "lo", "nodad");
        await IpAsync(host, "address", "add", "2001:db8::2/64", "dev", "lo", "nodad");
        host.Clients.KeepAlive(50, "2001:db8::1", "::1");
        host.Clients.KeepAlive(13, "2001:db8::2", "::1");

        await host.AssertSlotsAsync(Limit, [("2001:db8::1", 50), ("2001:db8::2", 13)]);
    }

    [Fact]
    public async Task Zone_of_an_IPv6_address_does_not_make_another_client()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit, """ "client_addr": "::" """);
        // The loopback interface always has index 1.
        await IpAsync(host, "link", "add", "other", "index", "7", "type", "veth", "peer", "name", "end");
        await IpAsync(host, "link", "set", "other", "up");
        await IpAsync(host, "address", "add", "fe80::5/64", "dev", "lo", "nodad");
        await IpAsync(host, "address", "add", "fe80::5/64", "dev", "other", "nodad");
        // The kernel adds the routes of new addresses a little later.
        await Poll.Until(() => HasRoute(host, "lo"), "fe80::5 can be reached on lo");
        await Poll.Until(() => HasRoute(host, "other"), "fe80::5 can be reached on other");
        host.Clients.KeepAlive(20, "fe80::5%1", "fe80::5%1");
        host.Clients.KeepAlive(7, "fe80::5%7", "fe80::5%7");

        ConsulCensus census = await host.CountAsync(["--limit", $"{Limit}"]);

        Assert.Equal(27, census.HeldBy("fe80::5"));
        Assert.Equal(Limit - 27, host.Clients.FreeSlots("fe80::5%7", "fe80::5%7"));
        Assert.Equal(Limit - 27, host.Clients.FreeSlots("fe80::5%1", "fe80::5%1"));
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    public async Task Clients_of_a_dual_stack_socket_are_counted_under_their_own_ip_version(string address)
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit, $""" "client_addr": "{address}" """);
        host.Clients.KeepAlive(31);
        host.Clients.KeepAlive(9, "127.0.0.2");
        host.Clients.KeepAlive(8, "::1", "::1");

        ConsulCensus census = await host.AssertSlotsAsync(Limit, [("127.0.0.1", 31), ("127.0.0.2", 9), ("::1", 8)]);

        Assert.Equal((40, 8), (census.Ipv4, census.Ipv6));
    }

    [Fact]
    public async Task Client_has_one_limit_for_all_addresses_of_Consul()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit, """ "client_addr": "127.0.0.1 127.0.0.77" """);
        host.Clients.KeepAlive(20);
        host.Clients.KeepAlive(15, to: "127.0.0.77");

        await host.AssertSlotsAsync(Limit, [("127.0.0.1", 35)]);
    }

    [Fact]
    public async Task Unaccepted_connections_of_a_paused_Consul_hold_no_slot_until_it_continues()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.KeepAlive(10);
        await host.Consul.PauseAsync();
        host.Clients.Connect(60);

        ConsulCensus stopped = await host.CountAsync(["--limit", $"{Limit}"]);

        Assert.Equal((10, 70, 60), (stopped.HeldBy("127.0.0.1"), stopped.Ipv4, stopped.Unaccepted));
        host.Consul.Continue();
        host.Clients.WaitUntilAccepted();
        await host.AssertSlotsAsync(Limit, [("127.0.0.1", 50)]);
    }

    [Fact]
    public async Task Connections_to_other_ports_of_Consul_hold_no_slot()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.KeepAlive(5);
        foreach (int port in new[] { ConsulServer.ServerPort, ConsulServer.GrpcPort, ConsulServer.DnsPort })
        {
            host.Clients.Connect(10, port: port);
        }

        ConsulCensus census = await host.AssertSlotsAsync(Limit, [("127.0.0.1", 5)]);

        Assert.Equal(5, census.Ipv4);
    }

    private static async Task<bool> HasRoute(HostWithConsul host, string device)
    {
        (int exitCode, string output) = await Tool.Run(
            InNamespace.Program,
            InNamespace.Arguments(host.Namespace, [Requires.Program("ip", "iproute2"), "-6", "route", "show", "table", "local", "dev", device]));
        return exitCode == 0 && output.Contains("fe80::5 ", StringComparison.Ordinal);
    }

    private static async Task IpAsync(HostWithConsul host, params string[] command)
    {
        (int exitCode, string output) = await Tool.Run(
            InNamespace.Program, InNamespace.Arguments(host.Namespace, [Requires.Program("ip", "iproute2"), .. command]));
        Assert.True(exitCode == 0, output);
    }
}
