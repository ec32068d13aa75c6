using System.Net.Sockets;
using Testing;

namespace Integration.Consul;

/// <summary>A real Consul that also listens on a unix socket: all clients there together have one more limit.</summary>
[StartsProgram]
public sealed class UnixSocketTests : IDisposable
{
    private const int Limit = 50;

    private readonly Scratch _scratch = new();

    private string Path => _scratch["http.sock"];

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    [InlineData(50)]
    public async Task All_clients_of_the_unix_socket_have_one_limit(int held)
    {
        using HostWithConsul host = await StartAsync();
        host.Clients.ConnectUnix(held, Path);
        host.Clients.KeepAlive(20);

        await AssertHeldAsync(host, held, 20);
    }

    [Fact]
    public async Task Silent_clients_fill_the_limit_and_refused_ones_hold_no_slot()
    {
        using HostWithConsul host = await StartAsync();
        host.Clients.ConnectUnix(70, Path);

        await AssertHeldAsync(host, Limit, 0);
    }

    [Fact]
    public async Task Client_that_closed_during_a_blocking_query_holds_its_slot()
    {
        using HostWithConsul host = await StartAsync();
        IReadOnlyList<Socket> clients = host.Clients.ConnectUnix(12, Path);
        foreach (Socket socket in clients)
        {
            socket.Send("GET /v1/kv/none?index=999999999&wait=9m HTTP/1.1\r\nHost: consul\r\n\r\n"u8);
        }

        ConsulClients.Close(clients);

        await AssertHeldAsync(host, 12, 0);
    }

    private Task<HostWithConsul> StartAsync() =>
        HostWithConsul.StartAsync(Limit, $$""" "addresses": { "http": "127.0.0.1 unix://{{Path}}" } """);

    private async Task AssertHeldAsync(HostWithConsul host, int unix, int loopback)
    {
        // Consul accepts the connections of a socket in their order. The refused ones are closed by then, too.
        int free = host.Clients.FreeUnixSlots(Path);
        string file = _scratch["agent.json"];
        await File.WriteAllTextAsync(
            file,
            $$"""{ "watches": [ { "name": "consul", "ports": [8500], "unixSockets": ["{{Path}}"], "limit": {{Limit}} } ] }""",
            TestContext.Current.CancellationToken);
        ConsulCensus census = await host.CountAsync(["--config", file]);

        Assert.Equal((0, ""), (census.ExitCode, census.Errors));
        Assert.Equal((unix, loopback), (census.HeldBy("unix"), census.HeldBy("127.0.0.1")));
        Assert.Equal((Limit - unix, Limit - loopback), (free, host.Clients.FreeSlots()));
    }
}
