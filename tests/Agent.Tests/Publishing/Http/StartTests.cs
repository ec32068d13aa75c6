using System.Net;
using System.Net.Sockets;
using Agent.Configuration;
using Agent.Publishing.Http;
using Testing;

namespace Agent.Tests.Publishing.Http;

/// <summary>How the endpoint begins, and what it needs for that.</summary>
[StartsProgram]
public sealed class StartTests
{
    [Fact]
    public async Task A_port_in_use_is_told_in_one_line()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        EndpointException refused = await Assert.ThrowsAsync<EndpointException>(() => Run((IPEndPoint)other.LocalEndpoint));
        Assert.Equal(
            $"cannot listen at http://{other.LocalEndpoint}: Address already in use; "
                + "another program listens there ('ss -ltnp' shows which); stop it, or give --listen another port",
            refused.Message);
    }

    [Fact]
    public async Task An_address_that_no_interface_has_is_told_in_one_line()
    {
        EndpointException refused = await Assert.ThrowsAsync<EndpointException>(() => Run(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 18500)));
        Assert.StartsWith("cannot listen at http://192.0.2.1:18500: Cannot assign requested address; no interface here has this address; ", refused.Message);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public async Task It_listens_at_every_address_or_at_none()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        IPEndPoint free = new(IPAddress.Parse("127.0.0.2"), FreePort.Next());
        await Assert.ThrowsAsync<EndpointException>(() => Run(free, (IPEndPoint)other.LocalEndpoint));
        // Not at once while anybody else holds the socket that listened.
        await Poll.Until(() => !Listening.At(free), "it does not listen");
    }

    [Fact]
    public async Task It_serves_at_each_of_its_addresses_and_says_so_once()
    {
        IPEndPoint second = new(IPAddress.Parse("127.0.0.2"), FreePort.Next());
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(
            configure: settings => settings with { Listen = new ListenAddresses([.. settings.Listen.All, second]) });
        using HttpClient client = new(new SocketsHttpHandler { UseProxy = false });
        foreach (IPEndPoint where in new[] { endpoint.Address, second })
        {
            Assert.Equal("alive\n", await client.GetStringAsync(new Uri($"http://{where}/health"), TestContext.Current.CancellationToken));
        }

        Assert.Equal([$"Information: listening on http://{endpoint.Address}, http://{second}"], endpoint.Log);
    }

    [Theory]
    [InlineData(false, "anybody who reaches http://{0} can read what the agent knows; give --listen-token-file if that is too many")]
    [InlineData(true, "the token for http://{0} travels without encryption; give --listen-certificate-file and --listen-key-file")]
    public async Task A_door_that_is_open_to_the_network_is_warned_about_once(bool hasToken, string warning)
    {
        using Scratch scratch = new();
        await File.WriteAllTextAsync(scratch["token"], "sesame", TestContext.Current.CancellationToken);
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(
            configure: settings => settings with { TokenFile = hasToken ? scratch["token"] : null }, address: IPAddress.Any);
        Assert.Equal(
            [$"Information: listening on http://{endpoint.Address}", $"Warning: {string.Format(null, warning, endpoint.Address)}"], endpoint.Log);
    }

    [Fact]
    public async Task A_stop_before_it_began_is_no_failure_of_its_own()
    {
        using CancellationTokenSource stopped = new();
        await stopped.CancelAsync();
        Endpoint endpoint = new(
            new EndpointSettings(new ListenAddresses([new IPEndPoint(IPAddress.Loopback, FreePort.Next())])), new FakeContent(), TimeProvider.System,
            new RecordingLoggers());
        Exception? ended = await Record.ExceptionAsync(() => endpoint.RunAsync(() => { }, stopped.Token));
        Assert.True(ended is null or OperationCanceledException, $"{ended}");
    }

    [Theory]
    [InlineData(1_000_000, 2048)]
    [InlineData(1024, 768)]
    [InlineData(256, 64)]
    [InlineData(1, 1)]
    public void Connections_leave_descriptors_for_the_census(long descriptors, int connections) =>
        Assert.Equal(connections, EndpointLimits.For(descriptors).Connections);

    [Theory]
    [InlineData("Max processes             1                    1                    processes \nMax open files            1024                 4096                 files     \n", 1024)]
    [InlineData("Max open files            unlimited            unlimited            files     \n", long.MaxValue)]
    [InlineData("", 1024)]
    public void The_limit_of_descriptors_is_the_one_in_force(string limits, long expected) => Assert.Equal(expected, DescriptorLimit.Parse(limits));

    [Fact]
    public async Task A_daemon_without_an_endpoint_has_nothing_of_it_in_memory()
    {
        await using (await RunningEndpoint.Start())
        {
            Assert.Contains("/Microsoft.AspNetCore.Server.Kestrel.Core.dll", await Mappings("self"));
        }

        using Scratch scratch = new();
        using AgentProcess agent = AgentProcess.Start(["--textfile-directory", scratch.Path]);
        await Poll.Until(() => File.Exists(scratch["tcp_connections.prom"]), "it counts");
        string mappings = await Mappings($"{agent.Id}");
        Assert.DoesNotContain("/Microsoft.AspNetCore.", mappings.Replace("/Microsoft.AspNetCore.App/", "/", StringComparison.Ordinal));
        Assert.DoesNotContain("/System.Threading.RateLimiting.dll", mappings);
        Assert.DoesNotContain("/System.IO.Pipelines.dll", mappings);
    }

    private static Task<string> Mappings(string process) => File.ReadAllTextAsync($"/proc/{process}/maps", TestContext.Current.CancellationToken);

    private static Task Run(params IPEndPoint[] addresses) =>
        new Endpoint(new EndpointSettings(new ListenAddresses([.. addresses])), new FakeContent(), TimeProvider.System, new RecordingLoggers())
            .RunAsync(() => Assert.Fail("it serves"), TestContext.Current.CancellationToken);
}
