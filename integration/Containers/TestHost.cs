using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Networks;
using DotNet.Testcontainers.Volumes;
using Integration.Docker;
using Testing;

namespace Integration.Containers;

/// <summary>
/// A container that stands for a host: it holds a network namespace and a textfile directory that others join, and outlives them. In it are the
/// tools to look at both.
/// </summary>
internal sealed class TestHost
{
    private const string TextfileDirectory = "/tmp/node-exporter";
    private const string Textfile = $"{TextfileDirectory}/tcp_connections.prom";

    private readonly ContainerEngine _engine;
    private readonly IContainer _container;

    private TestHost(ContainerEngine engine, Images images, IContainer container, IVolume textfiles)
    {
        _engine = engine;
        _container = container;
        Images = images;
        Textfiles = textfiles;
    }

    internal Images Images { get; }

    /// <summary>What an agent on this host writes.</summary>
    internal IVolume Textfiles { get; }

    /// <param name="engine">It removes the host, too.</param>
    /// <param name="network">The network that the host is in; loopback alone by default.</param>
    /// <param name="alias">The host's name there.</param>
    internal static async Task<TestHost> StartAsync(ContainerEngine engine, INetwork? network = null, string alias = "host")
    {
        Images images = await Images.RequireAsync(engine);
        IVolume textfiles = await engine.CreateVolumeAsync();
        ContainerBuilder builder = engine.Container(images.Neighbours)
            .WithCommand("sleep", "infinity")
            .WithEmptyVolumeMount(textfiles, TextfileDirectory, AccessMode.ReadWrite)
            .WithHostConfig(host =>
            {
                host.Init = true;
                // The engine turns IPv6 off in a container, on loopback too.
                host.Sysctls = new Dictionary<string, string> { ["net.ipv6.conf.lo.disable_ipv6"] = "0" };
            });
        IContainer container = (network is null ? builder.WithoutNetwork() : builder.WithNetwork(network).WithNetworkAliases(alias)).Build();
        await container.StartAsync(engine.Token);
        return new TestHost(engine, images, container, textfiles);
    }

    /// <summary>A container on this host.</summary>
    internal ContainerBuilder Join(string image) => _engine.Container(image).WithNetworkOf(_container);

    /// <summary>port-opener.py on this host, which has started when it has opened its connections.</summary>
    internal ContainerBuilder Opener(params IEnumerable<string> options) => Join(Images.Neighbours)
        .WithBindMount(Repository.PathOf("integration/port-opener.py"), "/port-opener.py", AccessMode.ReadOnly)
        .WithCommand(["python3", "/port-opener.py", .. options])
        .UntilLogged("opened [0-9]+ client connections");

    /// <summary>The agent on this host, with the least rights that suffice.</summary>
    internal ContainerBuilder Agent(params IEnumerable<string> options) => Join(Images.Agent)
        .WithVolumeMount(Textfiles, TextfileDirectory)
        .WithLeastRights()
        .WithEnvironment("UPDATE_DELAY", "100ms")
        .WithCommand([.. options]);

    /// <summary>Waits until the textfile has some lines.</summary>
    internal Task TextfileHas(params IReadOnlyCollection<string> lines) => _engine.Until(
        _container,
        async () => !lines.Except((await ExecAsync("cat", Textfile)).Stdout.Split('\n')).Any(),
        string.Join('\n', lines));

    /// <summary>Waits until the textfile has been written again.</summary>
    internal async Task TextfileIsRenewed()
    {
        string[] fileAndTime = ["stat", "--format", "%i %y", Textfile];
        string before = (await ExecAsync(fileAndTime)).Stdout;
        await _engine.Until(
            _container, async () => await ExecAsync(fileAndTime) is { ExitCode: 0 } now && now.Stdout != before, "the textfile is written again");
    }

    /// <returns>What lies in the textfile directory.</returns>
    internal async Task<string> TextfilesLeft() => (await ExecAsync("ls", "-A", TextfileDirectory)).Stdout;

    /// <summary>Makes the textfile look old.</summary>
    internal async Task AgeTextfile() => Assert.Equal(0, (await ExecAsync("touch", "--date", "1 hour ago", Textfile)).ExitCode);

    internal Task<ExecResult> ExecAsync(params string[] command) => _container.ExecAsync(command, _engine.Token);
}
