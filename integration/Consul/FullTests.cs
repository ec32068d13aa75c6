using System.Net;
using System.Net.Sockets;
using Testing;

namespace Integration.Consul;

/// <summary>
/// The agent at a client's limit. Consul then also refuses the agent's own request for the limit, and the state must never be OK.
/// </summary>
[StartsProgram]
public sealed class FullTests
{
    private const int Limit = 50;
    private const string Address = "127.0.0.1:8500";

    // Above Consul's limit: no count reaches them.
    private static readonly string[] Numbers = ["--warn", "160", "--critical", "190"];
    private static readonly string[] Shares = ["--warn", "80%", "--critical", "95%"];

    [Theory]
    // Also unknown with thresholds in connections: the agent cannot know whether Consul refuses connections.
    [InlineData(3, "CONSUL UNKNOWN - ", "--warn", "80%", "--critical", "95%")]
    [InlineData(3, "CONSUL UNKNOWN - ", "--critical", "99%")]
    [InlineData(3, "CONSUL UNKNOWN - ", "--warn", "60")]
    [InlineData(3, "CONSUL UNKNOWN - ", "--warn", "50", "--critical", "60")]
    [InlineData(2, "CONSUL CRITICAL - ", "--critical", "50")]
    [InlineData(2, "CONSUL CRITICAL - ", "--warn", "80%", "--critical", "40")]
    [InlineData(0, "CONSUL - ")]
    public async Task Full_Consul_that_closes_connections_without_a_response_is_not_OK(int expected, string line, params string[] thresholds)
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        Requires.That(!host.Consul.Answers429, "the consul in PATH answers 429; this test needs Consul 1.8 or older");
        host.Clients.KeepAlive(50);

        (int exitCode, string output, _) = await host.OnceAsync([.. thresholds, "--output", "check"], ("CONSUL_HTTP_ADDR", Address));

        Assert.Equal(expected, exitCode);
        Assert.StartsWith($"{line}127.0.0.1 holds 50 connections, limit unknown: consul at http://{Address} ", output, StringComparison.Ordinal);
        Assert.Contains("it is full, or this is not Consul's port", output, StringComparison.Ordinal);
        Assert.DoesNotContain("OK", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GET /v1/status/leader HTTP/1.1\r\n")]
    [InlineData("GET /v1/kv/none?index=999999999&wait=9m HTTP/1.1\r\nHost: consul\r\n\r\n")]
    public async Task Full_Consul_is_not_OK_after_any_kind_of_request(string sent)
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.Send(60, sent);
        host.Clients.WaitUntilAccepted();

        await AssertRefused(host);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Consul_full_of_closed_clients_is_not_OK(bool reset)
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        IReadOnlyList<Socket> clients = host.Clients.Send(50, "GET /v1/kv/none?index=999999999&wait=9m HTTP/1.1\r\nHost: consul\r\n\r\n");
        if (reset)
        {
            await host.WaitUntilReadAsync();
            ConsulClients.Reset(clients);
        }
        else
        {
            ConsulClients.Close(clients);
        }

        host.Clients.WaitUntilAccepted();

        await AssertRefused(host);
    }

    [Theory]
    // TLS to Consul's plain port, ports of Consul that do not serve HTTP, and a port on which nothing listens.
    [InlineData("https://127.0.0.1:8500")]
    [InlineData("127.0.0.1:8300")]
    [InlineData("127.0.0.1:8502")]
    [InlineData("127.0.0.1:8600")]
    [InlineData("127.0.0.1:8499")]
    public async Task Full_Consul_is_not_OK_if_the_configured_address_is_wrong(string address)
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.KeepAlive(50);

        await AssertUnknown(host, address, 50);
    }

    [Fact]
    public async Task Paused_Consul_is_not_OK()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.KeepAlive(50);
        await host.Consul.PauseAsync();

        await AssertUnknown(host, Address, 50);
    }

    [Fact]
    public async Task Limit_is_known_again_after_a_slot_becomes_free()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        Socket last = host.Clients.KeepAlive(50)[^1];
        await AssertRefused(host);

        ConsulClients.HangUp(last);
        ConsulCensus census = await host.CountAsync(Shares, ("CONSUL_HTTP_ADDR", Address));

        Assert.Equal((2, 50, 49), (census.ExitCode, census.Limit, census.HeldBy("127.0.0.1")));
    }

    [Fact]
    public async Task Refused_connections_do_not_lower_the_share_of_the_limit()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        host.Clients.KeepAlive(50);
        using CancellationTokenSource ending = new();
        // Each connection is ESTABLISHED for a moment, until Consul refuses it.
        TestThread hammering = host.Namespace.StartThread(() =>
        {
            while (!ending.IsCancellationRequested)
            {
                using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Connect(IPAddress.Loopback, ConsulServer.HttpPort);
            }
        });
        try
        {
            for (int i = 0; i < 10; i++)
            {
                ConsulCensus census = await host.CountAsync([.. Shares, "--limit", $"{Limit}"]);

                Assert.Equal((2, "critical"), (census.ExitCode, census.Watch.GetProperty("state").GetString()));
                Assert.Equal(census.HeldBy("127.0.0.1") * 100 / Limit, census.Watch.GetProperty("topClients")[0].GetProperty("percentOfLimit").GetInt32());
            }
        }
        finally
        {
            await ending.CancelAsync();
            hammering.Join();
        }
    }

    [Fact]
    public async Task Limit_is_learnt_from_a_source_address_that_is_not_full()
    {
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit, """ "client_addr": "127.0.0.1 ::1" """);
        host.Clients.KeepAlive(50);

        ConsulCensus census = await host.CountAsync(Shares, ("CONSUL_HTTP_ADDR", "[::1]:8500"));

        Assert.Equal((2, 50, 50), (census.ExitCode, census.Limit, census.HeldBy("127.0.0.1")));
    }

    [Fact]
    public async Task Daemon_started_beside_a_full_Consul_publishes_the_limit_after_a_slot_becomes_free()
    {
        using Scratch scratch = new();
        using HostWithConsul host = await HostWithConsul.StartAsync(Limit);
        Socket last = host.Clients.KeepAlive(50)[^1];
        using AgentProcess agent = host.StartAgent(
            ["--interval", "50ms", "--textfile-directory", scratch.Path], ("CONSUL_HTTP_ADDR", Address));
        string refusal = host.Consul.Answers429 ? "answers 429" : "it is full, or this is not Consul's port";
        await Poll.Until(() => agent.Errors.Contains(refusal, StringComparison.Ordinal), "the request for the limit is refused");

        string[] full = await Published(scratch, "tcp_client_connections_max{watch=\"consul\"} 50");
        Assert.DoesNotContain(full, line => line.StartsWith("tcp_client_connections_limit{", StringComparison.Ordinal));
        Assert.Equal(
            host.Consul.Answers429 ? ["tcp_limit_refused{watch=\"consul\"} 1"] : [],
            full.Where(line => line.StartsWith("tcp_limit_refused{", StringComparison.Ordinal)));

        ConsulClients.HangUp(last);
        string[] free = await Published(scratch, "tcp_client_connections_limit{watch=\"consul\"} 50");
        Assert.Contains("tcp_limit_refused{watch=\"consul\"} 0", free);
    }

    [Theory]
    [InlineData(2, "CONSUL CRITICAL - ", "--warn", "80%", "--critical", "95%")]
    [InlineData(2, "CONSUL CRITICAL - ", "--warn", "80%")]
    [InlineData(2, "CONSUL CRITICAL - ", "--critical", "1000")]
    [InlineData(0, "CONSUL - ")]
    public async Task Answer_429_is_critical_with_any_threshold(int expected, string line, params string[] thresholds)
    {
        using HostWithConsul host = HostWithConsul.WithoutConsul();
        using LimitingServer server = await FullServer(host);

        (int exitCode, string output, _) = await host.OnceAsync([.. thresholds, "--output", "check"], ("CONSUL_HTTP_ADDR", Address));

        Assert.Equal(expected, exitCode);
        Assert.StartsWith($"{line}127.0.0.1 holds 50 connections, limit unknown: consul at http://{Address} answers 429", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_429_is_published_as_a_refused_limit()
    {
        using HostWithConsul host = HostWithConsul.WithoutConsul();
        using LimitingServer server = await FullServer(host);

        (int exitCode, string output, string errors) = await host.OnceAsync(["--output", "prom"], ("CONSUL_HTTP_ADDR", Address));

        Assert.Equal(0, exitCode);
        Assert.Contains("answers 429", Assert.Single(errors.TrimEnd().Split('\n')), StringComparison.Ordinal);
        string[] lines = output.Split('\n');
        Assert.Contains("tcp_limit_refused{watch=\"consul\"} 1", lines);
        Assert.Contains("tcp_client_connections_max{watch=\"consul\"} 50", lines);
        Assert.DoesNotContain(lines, line => line.StartsWith("tcp_client_connections_limit{", StringComparison.Ordinal));
    }

    /// <summary>A server that answers 429 as Consul does from 1.9 on. All slots of the loopback address are in use.</summary>
    private static async Task<LimitingServer> FullServer(HostWithConsul host)
    {
        LimitingServer server = new(host.Namespace, Limit, IPAddress.Loopback, ConsulServer.HttpPort);
        host.Clients.Connect(Limit);
        await Poll.Until(() => server.Answered == Limit, "all connections are accepted");
        return server;
    }

    /// <summary>
    /// Asserts the state while Consul refuses the request for its limit. Consul either answers 429, which proves that it is full, or closes
    /// the connection.
    /// </summary>
    private static Task AssertRefused(HostWithConsul host) =>
        host.Consul.Answers429 ? AssertState(host, Address, 50, 2, "critical") : AssertUnknown(host, Address, 50);

    private static Task AssertUnknown(HostWithConsul host, string address, int held) => AssertState(host, address, held, 3, "unknown");

    private static async Task AssertState(HostWithConsul host, string address, int held, int exitCode, string state)
    {
        foreach (string[] thresholds in new[] { Shares, Numbers })
        {
            ConsulCensus census = await host.CountAsync(thresholds, ("CONSUL_HTTP_ADDR", address));

            Assert.Equal((exitCode, null, held), (census.ExitCode, census.Limit, census.HeldBy("127.0.0.1")));
            Assert.Equal(state, census.Watch.GetProperty("state").GetString());
            Assert.Single(census.Errors.TrimEnd().Split('\n'));
        }
    }

    private static async Task<string[]> Published(Scratch scratch, string line)
    {
        string[] lines = [];
        string file = scratch["tcp_connections.prom"];
        await Poll.Until(() => File.Exists(file) && (lines = File.ReadAllLines(file)).Contains(line), line);
        return lines;
    }
}
