using System.Globalization;
using Integration.Docker;
using Testing;

namespace Integration.Containers;

/// <summary>The compose files as users get them, but for the images.</summary>
[Collection(nameof(OneAfterAnother))]
public sealed class ComposeTests
{
    private const string ConsulHost = "deploy/compose.consul-host.yml";

    [Fact]
    public async Task Demonstration_comes_up_healthy_and_Prometheus_answers_200()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        Images images = await Images.RequireAsync(engine);
        List<string> files = [Repository.PathOf("docker-compose.yml")];
        // Whichever is free.
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
    public async Task Agent_on_the_hosts_network_counts_the_hosts_connections_without_a_capability()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        Images images = await Images.RequireAsync(engine);
        using Scratch textfiles = new();
        GiveTo(user: 1654, textfiles);
        using LoopbackConnections connections = new(count: 7);
        ComposeProject host = engine.Compose([Repository.PathOf(ConsulHost)], Variables(images, textfiles, connections.Port));

        await host.UpAsync("agent");

        await HasCounted(host, "agent", textfiles, connections);
    }

    [Fact]
    public async Task Agent_without_the_hosts_network_enters_it_as_root_with_two_capabilities()
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

        await HasCounted(host, "agent-of-another-namespace", textfiles, connections);
    }

    [Fact]
    public async Task Agent_whose_directory_belongs_to_another_user_says_that_it_cannot_write()
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

    private static async Task HasCounted(ComposeProject host, string service, Scratch textfiles, LoopbackConnections connections)
    {
        string expected = $$"""tcp_connections{port="{{connections.Port}}",protocol="ipv4"} {{connections.Count}}""";
        string textfile = textfiles["tcp_connections.prom"];
        await Poll.Until(() => File.Exists(textfile) && File.ReadAllLines(textfile).Contains(expected), $"{expected}\n{await host.LogsOf(service)}");
        await Poll.Until(async () => await host.HealthOf(service) == "healthy", $"{service} is healthy");
    }

    // As "install -d" does in the file's own words.
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
