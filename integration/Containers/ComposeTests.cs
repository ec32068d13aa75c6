using System.Globalization;
using Integration.Docker;
using Testing;

namespace Integration.Containers;

/// <summary>The compose files in this repository, unchanged except for the images.</summary>
[Collection(nameof(OneAfterAnother))]
public sealed class ComposeTests
{
    private const string ConsulHost = "deploy/compose.consul-host.yml";

    [Fact]
    public async Task Demonstration_starts_healthy_and_Prometheus_has_200_connections()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        Images images = await Images.RequireAsync(engine);
        List<string> files = [Repository.PathOf("docker-compose.yml")];
        // 0: Docker chooses a free port.
        Dictionary<string, string> variables = new() { ["PROMETHEUS_PORT"] = "0" };
        if (images.Libraries is { } libraries)
        {
            files.Add(Repository.PathOf("integration/Containers/compose.override.yml"));
            variables["NEIGHBOURS_IMAGE"] = images.Neighbours;
            variables["LIBRARIES_IMAGE"] = libraries;
        }

        ComposeProject demonstration = engine.Compose(files, variables);

        await demonstration.UpAsync();

        foreach (string service in (string[])["port-opener", "agent", "node-exporter", "prometheus"])
        {
            await Poll.Until(async () => await demonstration.HealthOf(service) == "healthy", $"{service} is healthy");
        }

        using PrometheusApi prometheus = new(await demonstration.GetMappedPublicAddress("prometheus", 9090), Poll.Until);
        await prometheus.QueryUntil("""tcp_connections{port="8500",protocol="ipv4"}""", "200");
        await prometheus.QueryUntil("""tcp_client_connections{watch="consul",client="127.0.0.1"}""", "200");
        await prometheus.AlertUntil("TcpClientNearLimit", "pending", "firing");
    }

    [Fact]
    public async Task Agent_in_host_network_mode_counts_the_connections_of_the_host_without_a_capability()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        Images images = await Images.RequireAsync(engine);
        using Scratch textfiles = new();
        GiveTo(user: 1654, textfiles);
        using LoopbackConnections connections = new(count: 7);
        ComposeProject host = engine.Compose([Repository.PathOf(ConsulHost)], Variables(images, textfiles, connections.Port));

        await host.UpAsync("agent");

        await AssertCounted(host, "agent", textfiles, connections);
    }

    [Fact]
    public async Task Agent_with_the_rights_for_dead_connections_counts_those_of_the_host()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        Images images = await Images.RequireAsync(engine);
        using Scratch textfiles = new();
        GiveTo(user: 0, textfiles);
        using LoopbackConnections connections = new(count: 7);
        connections.Reset(count: 3);
        ComposeProject host = engine.Compose([Repository.PathOf(ConsulHost)], Variables(images, textfiles, connections.Port));

        await host.UpAsync("agent-with-dead-connections");

        await AssertCounted(host, "agent-with-dead-connections", textfiles, connections);
        Assert.Contains(
            $$"""tcp_dead_connections{port="{{connections.Port}}"} 3""", await File.ReadAllLinesAsync(textfiles["tcp_connections.prom"], engine.Token));
    }

    [Fact]
    public async Task Agent_in_bridge_network_mode_enters_the_network_of_the_host_as_root_with_two_capabilities()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        Images images = await Images.RequireAsync(engine);
        using Scratch textfiles = new();
        GiveTo(user: 0, textfiles);
        using LoopbackConnections connections = new(count: 7);
        Dictionary<string, string> variables = Variables(images, textfiles, connections.Port);
        variables["CONSUL_NETNS"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        ComposeProject host = engine.Compose([Repository.PathOf(ConsulHost)], variables);

        await host.UpAsync("agent-of-another-namespace");

        await AssertCounted(host, "agent-of-another-namespace", textfiles, connections);
    }

    [Fact]
    public async Task Agent_logs_that_it_cannot_write_to_a_directory_of_another_user()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        Images images = await Images.RequireAsync(engine);
        using Scratch textfiles = new();
        GiveTo(user: 0, textfiles);
        using LoopbackConnections connections = new(count: 1);
        ComposeProject host = engine.Compose([Repository.PathOf(ConsulHost)], Variables(images, textfiles, connections.Port));

        await host.UpAsync("agent");

        await Poll.Until(
            async () => (await host.LogsOf("agent")).Contains("cannot write /tmp/node-exporter/tcp_connections.prom", StringComparison.Ordinal),
            "the log says that it cannot write");
        Assert.Empty(Directory.GetFiles(textfiles.Path));
    }

    private static Dictionary<string, string> Variables(Images images, Scratch textfiles, int port) => new()
    {
        ["AGENT_IMAGE"] = images.Agent,
        ["TEXTFILE_DIRECTORY"] = textfiles.Path,
        ["CONSUL_PORT"] = port.ToString(CultureInfo.InvariantCulture),
    };

    private static async Task AssertCounted(ComposeProject host, string service, Scratch textfiles, LoopbackConnections connections)
    {
        string expected = $$"""tcp_connections{port="{{connections.Port}}",protocol="ipv4"} {{connections.Count}}""";
        string textfile = textfiles["tcp_connections.prom"];
        await Poll.Until(() => File.Exists(textfile) && File.ReadAllLines(textfile).Contains(expected), $"{expected}\n{await host.LogsOf(service)}");
        await Poll.Until(async () => await host.HealthOf(service) == "healthy", $"{service} is healthy");
    }

    // The same as the command "install -d" in the comment of the compose file.
    private static void GiveTo(int user, Scratch directory)
    {
        Requires.Root();
        Assert.Equal(0, NativeMethods.chown(directory.Path, user, user));
        File.SetUnixFileMode(
            directory.Path,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
                | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
    }
}
