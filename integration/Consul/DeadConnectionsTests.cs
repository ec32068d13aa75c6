using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Testing;

namespace Integration.Consul;

/// <summary>
/// A handler of Consul that sits in a blocking query does not notice that its client is gone. The slot stays taken after the connection has left the
/// kernel's table, until the query ends.
/// </summary>
[StartsProgram]
public sealed class DeadConnectionsTests : IDisposable
{
    private const int Limit = 40;
    private const string Closes = "127.0.0.1";
    private const string Resets = "127.0.0.2";

    // Consul never reaches this index. It ends the query after the wait and up to a sixteenth more.
    private const string BlockingQuery = "GET /v1/kv/none?index=999999999&wait=200s HTTP/1.1\r\nHost: consul\r\n\r\n";

    private static readonly TimeSpan ShorterThanQuery = TimeSpan.FromMinutes(3);
    private static readonly string[] Options = ["--limit", $"{Limit}", "--warn", "80%", "--critical", "95%"];

    private readonly ScriptCheck _check = new();
    private readonly Scratch _scratch = new();

    public void Dispose()
    {
        _check.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Closed_and_reset_clients_of_blocking_queries_hold_their_slots_until_Consul_ends_the_queries()
    {
        using HostWithConsul host = await _check.StartConsulAsync(Limit, "1s", options: ["--limit", $"{Limit}"]);
        IReadOnlyList<Socket> closing = host.Clients.Send(Limit, BlockingQuery, Closes);
        IReadOnlyList<Socket> resetting = host.Clients.Send(Limit, BlockingQuery, Resets);
        await host.WaitUntilReadAsync();
        await ScriptCheck.StateAsync(host, "critical", $"holds {Limit} of {Limit} connections (100 %)");
        using AgentProcess daemon = host.StartAgent(["--textfile-directory", _scratch.Path]);
        await Poll.Until(() => Published(Closes) == Limit && Published(Resets) == Limit, "the daemon publishes the connections");

        Stopwatch sinceTheEnd = Stopwatch.StartNew();
        ConsulClients.Close(closing);
        ConsulClients.Reset(resetting);
        await Poll.Until(() => InTable(host, Closes) == Limit && InTable(host, Resets) == 0, "only the closed connections are in the kernel's table");
        await AssertFullAsync(host);

        int censuses = 0;
        int withoutClosed = 0;
        using PeriodicTimer pause = new(TimeSpan.FromSeconds(1));
        for (; sinceTheEnd.Elapsed < ShorterThanQuery; censuses++)
        {
            int inTable = InTable(host, Closes);
            ConsulCensus census = await AssertHeldAsync(host, sinceTheEnd.Elapsed);
            // A connection that Consul refuses may be open for a moment.
            Assert.InRange(Published(Closes), Limit, Limit + 1);
            Assert.InRange(Published(Resets), Limit, Limit + 1);
            Assert.Equal(Limit, census.DeadOf(Resets));
            // The table may have lost more of them since.
            Assert.InRange(census.DeadOf(Closes), Limit - inTable, Limit - InTable(host, Closes));
            if (inTable == 0 && withoutClosed++ == 0)
            {
                await AssertFullAsync(host);
            }

            await pause.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }

        // The kernel ends FIN_WAIT2 at the client after a minute. Consul's next keepalive probe is then answered with a reset.
        Assert.InRange(withoutClosed, 10, censuses - 10);

        await Poll.Until(
            async () => await host.CountAsync(Options) is { } census && census.HeldBy(Closes) + census.HeldBy(Resets) == 0, "Consul has given all slots back");
        await host.AssertSlotsAsync(Limit, [(Closes, 0), (Resets, 0)]);
        await ScriptCheck.StateAsync(host, "passing", "CONSUL OK - ");
        await Poll.Until(() => Published(Closes) + Published(Resets) == 0, "the daemon publishes that the clients hold no connections");
        Assert.DoesNotContain("fail: ", daemon.Errors, StringComparison.Ordinal);
    }

    private static async Task<ConsulCensus> AssertHeldAsync(HostWithConsul host, TimeSpan elapsed)
    {
        ConsulCensus census = await host.CountAsync(Options);
        (string state, string output) = ScriptCheck.Read(host);

        string expected = $"after {elapsed.TotalSeconds:0} s: exit code 2, critical, {Closes} holds {Limit}, {Resets} holds {Limit}, check critical";
        Assert.Equal(
            expected,
            $"after {elapsed.TotalSeconds:0} s: exit code {census.ExitCode}, {census.Watch.GetProperty("state").GetString()}, "
                + $"{Closes} holds {census.HeldBy(Closes)}, {Resets} holds {census.HeldBy(Resets)}, check {state}");
        Assert.Contains($"holds {Limit} of {Limit} connections (100 %)", output, StringComparison.Ordinal);
        Assert.Equal("", census.Errors);
        return census;
    }

    /// <summary>Asserts that Consul refuses the next connection of each client, and serves other clients.</summary>
    private static Task<ConsulCensus> AssertFullAsync(HostWithConsul host) =>
        host.AssertSlotsAsync(Limit, [(Closes, Limit), (Resets, Limit), ("127.0.0.3", 0)]);

    /// <summary>The number of connections that a client holds, in the daemon's textfile; 0 where it is not among the clients.</summary>
    private int Published(string client)
    {
        string name = $"tcp_client_connections{{watch=\"consul\",client=\"{client}\"}} ";
        string file = _scratch["tcp_connections.prom"];
        string? line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) : null;
        return line is null ? 0 : int.Parse(line.AsSpan(name.Length), CultureInfo.InvariantCulture);
    }

    private static int InTable(HostWithConsul host, string client)
    {
        IPAddress peer = IPAddress.Parse(client);
        return host.Table().Count(
            row => row is { Local.Port: ConsulServer.HttpPort, State: KernelTable.Established or KernelTable.CloseWait } && row.Peer.Address.Equals(peer));
    }
}
