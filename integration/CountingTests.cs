using System.Net;
using Testing;

namespace Integration;

/// <summary>The agent counts exactly the connections that port-opener.py opened.</summary>
[StartsProgram]
public sealed class CountingTests : IDisposable
{
    private readonly TestNamespace _namespace = new();

    public void Dispose() => _namespace.Dispose();

    [Theory]
    [InlineData(200, 0, "--ipv", "4")]
    [InlineData(0, 200, "--ipv", "6")]
    [InlineData(200, 0, "--dual-stack")]
    [InlineData(0, 200, "--dual-stack", "--ipv", "6")]
    public async Task Connections_are_counted_under_the_ip_version_of_their_client(int ipv4, int ipv6, params string[] options)
    {
        using PortOpener opener = await PortOpener.Start(_namespace, options);

        IReadOnlyList<string> census = await OneCensus.Of(_namespace);

        Assert.Contains($$"""tcp_connections{port="8500",protocol="ipv4"} {{ipv4}}""", census);
        Assert.Contains($$"""tcp_connections{port="8500",protocol="ipv6"} {{ipv6}}""", census);
        Assert.Contains("sockdiag_census_success 1", census);
    }

    [Fact]
    public async Task Clients_from_many_addresses_are_counted_together()
    {
        using PortOpener opener = await PortOpener.Start(_namespace, "--clients", "50");

        IReadOnlyList<string> census = await OneCensus.Of(_namespace);

        Assert.Contains("""tcp_connections{port="8500",protocol="ipv4"} 200""", census);
        IEnumerable<IPAddress> clients = KernelTable.Read(_namespace)
            .Where(row => row is { State: KernelTable.Established, Local.Port: 8500 })
            .Select(row => row.Peer.Address);
        Assert.Equal(50, clients.Distinct().Count());
    }

    [Fact]
    public async Task Other_port_is_counted_only_if_it_is_configured()
    {
        using PortOpener opener = await PortOpener.Start(_namespace, "--port", "8501", "--num-connections", "3");

        IReadOnlyList<string> both = await OneCensus.Of(_namespace, "--port", "8500", "--port", "8501");

        Assert.Contains("""tcp_connections{port="8500",protocol="ipv4"} 0""", both);
        Assert.Contains("""tcp_connections{port="8501",protocol="ipv4"} 3""", both);
        Assert.DoesNotContain(await OneCensus.Of(_namespace), line => line.Contains("\"8501\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Unaccepted_connections_are_counted_and_also_reported_separately()
    {
        using PortOpener opener = await PortOpener.Start(_namespace, "--unaccepted", "7");
        await opener.WaitForLine("left 7 connections unaccepted");

        IReadOnlyList<string> census = await OneCensus.Of(_namespace);

        Assert.Contains("""tcp_connections{port="8500",protocol="ipv4"} 207""", census);
        Assert.Contains("""tcp_unaccepted_connections{port="8500"} 7""", census);
        Assert.Contains("""tcp_accept_queue_length{port="8500"} 7""", census);
    }

    [Fact]
    public async Task Half_closed_connections_are_not_counted()
    {
        using PortOpener opener = await PortOpener.Start(_namespace, "--half-closed", "5");
        await opener.WaitForLine("left 5 connections half-closed");

        IReadOnlyList<string> census = await OneCensus.Of(_namespace);

        Assert.Contains("""tcp_connections{port="8500",protocol="ipv4"} 200""", census);
        Assert.Contains("""tcp_unaccepted_connections{port="8500"} 0""", census);
    }

    [Fact]
    public async Task Connections_in_TIME_WAIT_of_a_stopped_server_are_not_counted()
    {
        using PortOpener opener = await PortOpener.Start(_namespace);
        Assert.Equal(0, await opener.Stop());

        await AssertNoneCountedInTimeWait();
    }

    [Fact]
    public async Task Connections_in_TIME_WAIT_of_a_killed_server_are_not_counted()
    {
        using PortOpener opener = await PortOpener.Start(_namespace);
        await opener.Kill();

        await AssertNoneCountedInTimeWait();
    }

    private async Task AssertNoneCountedInTimeWait()
    {
        // If another process reads /proc while the server ends, the kernel closes the socket a moment later.
        await Poll.Until(() => InTimeWait() == 200, "all connections are in TIME_WAIT");
        IReadOnlyList<string> census = await OneCensus.Of(_namespace);

        Assert.Contains("""tcp_connections{port="8500",protocol="ipv4"} 0""", census);
        Assert.Contains("""tcp_connections{port="8500",protocol="ipv6"} 0""", census);
        Assert.DoesNotContain(census, line => line.StartsWith("tcp_accept_queue", StringComparison.Ordinal));
        // Counted after the census: sockets that are still in TIME_WAIT now were in TIME_WAIT during the census. The end that closes first
        // enters TIME_WAIT. For a killed process the kernel chooses that end: usually the server's, which has the watched port.
        Assert.Equal(200, InTimeWait());
    }

    private int InTimeWait() => KernelTable.Read(_namespace)
        .Count(row => row.State == KernelTable.TimeWait && (row.Local.Port == 8500 || row.Peer.Port == 8500));
}
