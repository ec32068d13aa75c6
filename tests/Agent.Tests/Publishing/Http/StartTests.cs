using System.Net;
using System.Net.Sockets;
using System.Text;
using Agent.Configuration;
using Agent.Platform;
using Agent.Publishing.Http;
using Testing;

namespace Agent.Tests.Publishing.Http;

/// <summary>The start of the endpoint, and errors that prevent it.</summary>
[StartsProgram]
public sealed class StartTests
{
    [Fact]
    public async Task Port_in_use_is_one_line_with_advice()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        EndpointException refused = await Assert.ThrowsAsync<EndpointException>(() => Run((IPEndPoint)other.LocalEndpoint));
        Assert.Equal(
            $"cannot listen at http://{other.LocalEndpoint}: Address already in use; "
                + "another program listens there ('ss -ltnp' shows which); stop it, or use another port in --listen",
            refused.Message);
    }

    [Fact]
    public async Task Address_of_no_interface_is_one_line_with_advice()
    {
        EndpointException refused = await Assert.ThrowsAsync<EndpointException>(() => Run(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 18500)));
        Assert.StartsWith("cannot listen at http://192.0.2.1:18500: Cannot assign requested address; no interface here has this address; ", refused.Message);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public async Task Endpoint_listens_on_all_addresses_or_on_none()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        IPEndPoint free = new(IPAddress.Parse("127.0.0.2"), FreePort.Next());
        await Assert.ThrowsAsync<EndpointException>(() => Run(free, (IPEndPoint)other.LocalEndpoint));
        // Not at once, while another thread still holds the listening socket.
        await Poll.Until(() => !Listening.At(free), "it does not listen");
    }

    [Fact]
    public async Task Endpoint_serves_on_all_its_addresses_and_logs_them_once()
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
    [InlineData(false, "http://{0} is open to everyone who can reach it; set --listen-token-file to require a token")]
    [InlineData(true, "the token for http://{0} is sent without encryption; set --listen-certificate-file and --listen-key-file")]
    public async Task Endpoint_open_to_the_network_is_warned_about_once(bool hasToken, string warning)
    {
        using Scratch scratch = new();
        await File.WriteAllTextAsync(scratch["token"], "sesame", TestContext.Current.CancellationToken);
        await using RunningEndpoint endpoint = await RunningEndpoint.Start(
            configure: settings => settings with { TokenFile = hasToken ? scratch["token"] : null }, address: IPAddress.Any);
        Assert.Equal(
            [$"Information: listening on http://{endpoint.Address}", $"Warning: {string.Format(null, warning, endpoint.Address)}"], endpoint.Log);
    }

    [Fact]
    public async Task Stop_before_the_start_is_not_a_failure()
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
    public void Connection_limit_reserves_descriptors_for_the_census(long descriptors, int connections) =>
        Assert.Equal(connections, EndpointLimits.For(descriptors).Connections);

    [Theory]
    [InlineData("Max processes             1                    1                    processes \nMax open files            1024                 4096                 files     \n", 1024L)]
    [InlineData("Max open files            unlimited            unlimited            files     \n", long.MaxValue)]
    [InlineData("", null)]
    public void Descriptor_limit_is_the_soft_limit(string limits, long? expected) =>
        Assert.Equal(expected, DescriptorLimit.Parse(Encoding.UTF8.GetBytes(limits)));

    [Fact]
    public async Task Daemon_without_an_endpoint_does_not_load_ASP_NET()
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
