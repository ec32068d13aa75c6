using System.Globalization;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Networks;
using Integration.Docker;
using Testing;

namespace Integration.Containers;

/// <summary>An agent in its own container, which shares the network namespace of the container that it watches.</summary>
[Collection(nameof(OneAfterAnother))]
public sealed class CountingTests
{
    [Theory]
    [InlineData(200, 0, "--ipv", "4")]
    [InlineData(0, 200, "--ipv", "6")]
    [InlineData(200, 0, "--dual-stack")]
    [InlineData(0, 200, "--dual-stack", "--ipv", "6")]
    public async Task Agent_in_the_network_namespace_of_a_container_counts_its_connections(int ipv4, int ipv6, params string[] options)
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        TestHost host = await TestHost.StartAsync(engine);
        IContainer opener = host.Opener(options).Build();
        await opener.StartAsync(engine.Token);
        IContainer agent = host.Agent().Build();
        await agent.StartAsync(engine.Token);

        await host.WaitForTextfile(
            $$"""tcp_connections{port="8500",protocol="ipv4"} {{ipv4}}""",
            $$"""tcp_connections{port="8500",protocol="ipv6"} {{ipv6}}""",
            """tcp_client_connections_max{watch="consul"} 200""",
            "sockdiag_census_success 1");
    }

    [Fact]
    public async Task Connections_in_TIME_WAIT_of_a_killed_container_are_not_counted()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        TestHost host = await TestHost.StartAsync(engine);
        IContainer opener = host.Opener().Build();
        await opener.StartAsync(engine.Token);
        IContainer agent = host.Agent().Build();
        await agent.StartAsync(engine.Token);
        await host.WaitForTextfile("""tcp_connections{port="8500",protocol="ipv4"} 200""");

        await engine.KillAsync(opener);

        // If another process reads /proc while the server ends, the kernel closes the socket a moment later.
        await Poll.Until(async () => await InTimeWait() == 200, "all connections are in TIME_WAIT");
        await host.WaitForTextfile("""tcp_connections{port="8500",protocol="ipv4"} 0""", """tcp_clients{watch="consul"} 0""");
        // Sockets that are still in TIME_WAIT now were in TIME_WAIT during the census.
        Assert.Equal(200, await InTimeWait());

        async Task<int> InTimeWait() =>
            (await host.ExecAsync("ss", "-Htan", "state", "time-wait", "( sport = :8500 or dport = :8500 )"))
                .Stdout.Count(character => character == '\n');
    }

    [Fact]
    public async Task Clients_in_other_containers_are_counted_by_their_addresses()
    {
        int[] counts = [3, 20, 41];
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        Images images = await Images.RequireAsync(engine);
        INetwork network = await engine.CreateNetworkAsync();
        TestHost host = await TestHost.StartAsync(engine, network, "consul");
        IContainer server = Connections(host.Join(images.Neighbours), "serve", "8500").UntilLogged("serving").Build();
        await server.StartAsync(engine.Token);
        IContainer agent = host.Agent().Build();
        await agent.StartAsync(engine.Token);

        List<string> expected = [$$"""tcp_clients{watch="consul"} {{counts.Length}}""", """tcp_client_connections_max{watch="consul"} 41"""];
        foreach (int count in counts)
        {
            IContainer client = Connections(
                engine.Container(images.Neighbours).WithNetwork(network).WithNetworkAliases($"client-{count}"),
                "hold", "consul", "8500", count.ToString(CultureInfo.InvariantCulture)).Build();
            await client.StartAsync(engine.Token);
            expected.Add($$"""tcp_client_connections{watch="consul",client="{{client.IpAddress}}"} {{count}}""");
        }

        await host.WaitForTextfile([.. expected, """tcp_connections{port="8500",protocol="ipv4"} 64"""]);
    }

    private static ContainerBuilder Connections(ContainerBuilder builder, params IEnumerable<string> arguments) => builder
        .WithBindMount(Repository.PathOf("integration/Containers/connections.py"), "/connections.py", AccessMode.ReadOnly)
        .WithCommand(["python3", "/connections.py", .. arguments])
        .WithHostConfig(host => host.Init = true);
}
