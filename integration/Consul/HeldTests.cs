using System.Net;
using System.Net.Sockets;
using Testing;

namespace Integration.Consul;

/// <summary>The slots that the agent sees a client hold are those that a real Consul does not give to it any more.</summary>
[StartsProgram]
public sealed class HeldTests
{
    private const int Limit = 50;

    // Its index is never reached.
    private const string BlockingQuery = "GET /v1/kv/none?index=999999999&wait=9m HTTP/1.1\r\nHost: consul\r\n\r\n";

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(49)]
    [InlineData(50)]
    public async Task Client_is_counted_slot_for_slot_up_to_the_limit(int held)
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.KeepAlive(held);

        ConsulCensus census = await host.SlotForSlotAsync(Limit, [("127.0.0.1", held)]);

        Assert.Equal((held, 0, 0), (census.Ipv4, census.Ipv6, census.Unaccepted));
    }

    [Fact]
    public async Task Default_limit_of_Consul_is_that_of_the_agent()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(limit: null);
        host.Clients.KeepAlive(150);

        ConsulCensus census = await host.CountAsync([]);

        Assert.Equal((150, 200), (census.Held, census.Limit));
        Assert.Equal(50, host.Clients.TakesMore());
    }

    [Fact]
    public async Task Clients_have_a_budget_each()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.KeepAlive(50, "127.0.0.1");
        host.Clients.KeepAlive(20, "127.0.0.2");
        host.Clients.KeepAlive(7, "127.0.0.3");

        ConsulCensus census = await host.SlotForSlotAsync(Limit, [("127.0.0.1", 50), ("127.0.0.2", 20), ("127.0.0.3", 7), ("127.0.0.4", 0)]);

        Assert.Equal(77, census.Held);
    }

    [Theory]
    [InlineData("")]
    [InlineData("G")]
    [InlineData("GET /v1/status/leader HTTP/1.1\r\n")]
    [InlineData("PUT /v1/kv/half HTTP/1.1\r\nHost: consul\r\nContent-Length: 100\r\n\r\nhalf")]
    [InlineData(BlockingQuery)]
    public async Task Connection_holds_a_slot_whatever_its_client_has_sent(string sent)
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.Send(33, sent);
        host.Clients.Settle();

        await host.SlotForSlotAsync(Limit, [("127.0.0.1", 33)]);
    }

    [Fact]
    public async Task Silent_clients_fill_the_limit_and_those_that_are_too_many_hold_nothing()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.Connect(70);
        host.Clients.Settle();

        // Those that are too many keep their ends, and are in FIN_WAIT2 at Consul.
        ConsulCensus census = await host.SlotForSlotAsync(Limit, [("127.0.0.1", 50)]);

        Assert.Equal(50, census.Ipv4);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Client_that_hung_up_in_a_blocking_query_holds_its_slots(bool closes)
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

        host.Clients.Settle();

        // Held, and no connection any more: CLOSE_WAIT.
        ConsulCensus census = await host.SlotForSlotAsync(Limit, [("127.0.0.1", 30)]);

        Assert.Equal(0, census.Ipv4);
    }

    [Fact]
    public async Task Clients_that_hung_up_between_two_requests_hold_nothing()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        foreach (Socket socket in host.Clients.KeepAlive(40))
        {
            ConsulClients.HangUp(socket);
        }

        await host.SlotForSlotAsync(Limit, [("127.0.0.1", 0)]);
    }

    [Fact]
    public async Task Connections_in_time_wait_hold_nothing()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        // Consul closes these first, and so they are on its port.
        foreach (Socket socket in host.Clients.Send(40, "GET /v1/status/leader HTTP/1.1\r\nHost: consul\r\nConnection: close\r\n\r\n", "127.0.0.2"))
        {
            ConsulClients.AwaitEnd(socket);
            socket.Shutdown(SocketShutdown.Both);
        }

        IPAddress client = IPAddress.Parse("127.0.0.2");
        await Poll.Until(
            () => host.Table().Count(row => row is { State: KernelTable.TimeWait, Local.Port: ConsulServer.HttpPort } && row.Peer.Address.Equals(client)) == 40,
            "all are in TIME_WAIT");

        await host.SlotForSlotAsync(Limit, [("127.0.0.2", 0)]);
    }

    [Fact]
    public async Task Clients_of_both_ip_versions_on_loopback_have_a_budget_each()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit, """ "client_addr": "127.0.0.1 ::1" """);
        host.Clients.KeepAlive(12);
        host.Clients.KeepAlive(50, "::1", "::1");

        ConsulCensus census = await host.SlotForSlotAsync(Limit, [("127.0.0.1", 12), ("::1", 50)]);

        Assert.Equal((12, 50), (census.Ipv4, census.Ipv6));
    }

    [Fact]
    public async Task Clients_of_one_prefix_have_a_budget_each()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit, """ "client_addr": "::" """);
        await IpAsync(host, "address", "add", "2001:db8::1/64", "dev", "lo", "nodad");
        await IpAsync(host, "address", "add", "2001:db8::2/64", "dev", "lo", "nodad");
        host.Clients.KeepAlive(50, "2001:db8::1", "::1");
        host.Clients.KeepAlive(13, "2001:db8::2", "::1");

        await host.SlotForSlotAsync(Limit, [("2001:db8::1", 50), ("2001:db8::2", 13)]);
    }

    [Fact]
    public async Task Zone_of_an_address_makes_no_other_client()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit, """ "client_addr": "::" """);
        // Loopback is always the first interface.
        await IpAsync(host, "link", "add", "other", "index", "7", "type", "veth", "peer", "name", "end");
        await IpAsync(host, "link", "set", "other", "up");
        await IpAsync(host, "address", "add", "fe80::5/64", "dev", "lo", "nodad");
        await IpAsync(host, "address", "add", "fe80::5/64", "dev", "other", "nodad");
        host.Clients.KeepAlive(20, "fe80::5%1", "fe80::5%1");
        host.Clients.KeepAlive(7, "fe80::5%7", "fe80::5%7");

        ConsulCensus census = await host.CountAsync(["--limit", $"{Limit}"]);

        Assert.Equal(27, census.HeldBy("fe80::5"));
        Assert.Equal(Limit - 27, host.Clients.TakesMore("fe80::5%7", "fe80::5%7"));
        Assert.Equal(Limit - 27, host.Clients.TakesMore("fe80::5%1", "fe80::5%1"));
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    public async Task Clients_of_a_dual_stack_socket_are_those_of_their_own_ip_version(string address)
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit, $""" "client_addr": "{address}" """);
        host.Clients.KeepAlive(31);
        host.Clients.KeepAlive(9, "127.0.0.2");
        host.Clients.KeepAlive(8, "::1", "::1");

        ConsulCensus census = await host.SlotForSlotAsync(Limit, [("127.0.0.1", 31), ("127.0.0.2", 9), ("::1", 8)]);

        Assert.Equal((40, 8), (census.Ipv4, census.Ipv6));
    }

    [Fact]
    public async Task Budget_of_a_client_is_one_on_all_addresses_of_Consul()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit, """ "client_addr": "127.0.0.1 127.0.0.77" """);
        host.Clients.KeepAlive(20);
        host.Clients.KeepAlive(15, to: "127.0.0.77");

        await host.SlotForSlotAsync(Limit, [("127.0.0.1", 35)]);
    }

    [Fact]
    public async Task Connections_that_a_stopped_Consul_has_not_accepted_hold_nothing_until_it_goes_on()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.KeepAlive(10);
        await host.Consul.PauseAsync();
        host.Clients.Connect(60);

        ConsulCensus stopped = await host.CountAsync(["--limit", $"{Limit}"]);

        Assert.Equal((10, 70, 60), (stopped.HeldBy("127.0.0.1"), stopped.Ipv4, stopped.Unaccepted));
        host.Consul.Continue();
        host.Clients.Settle();
        await host.SlotForSlotAsync(Limit, [("127.0.0.1", 50)]);
    }

    [Fact]
    public async Task Connections_to_other_ports_of_Consul_take_no_slot()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.KeepAlive(5);
        foreach (int port in new[] { ConsulServer.ServerPort, ConsulServer.GrpcPort, ConsulServer.DnsPort })
        {
            host.Clients.Connect(10, port: port);
        }

        ConsulCensus census = await host.SlotForSlotAsync(Limit, [("127.0.0.1", 5)]);

        Assert.Equal(5, census.Ipv4);
    }

    private static async Task IpAsync(HostWithConsul host, params string[] command)
    {
        (int exitCode, string complaint) = await Tool.Run(
            InNamespace.Program, InNamespace.Arguments(host.Namespace, [Requires.Program("ip", "iproute2"), .. command]));
        Assert.True(exitCode == 0, complaint);
    }
}
