using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Networks;
using DotNet.Testcontainers.Volumes;
using Integration.Docker;
using Testing;

namespace Integration.Containers;

/// <summary>
/// A container that stands for a host. It owns a network namespace and a textfile directory, which other containers join, and outlives
/// them. It has the tools to inspect both.
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

    /// <summary>The volume to which agents on this host write their textfile.</summary>
    internal IVolume Textfiles { get; }

    /// <param name="engine">The engine, which removes the host with the test.</param>
    /// <param name="network">The network of the host; null for loopback only.</param>
    /// <param name="alias">The name of the host on that network.</param>
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
                // The engine disables IPv6 in a container, also on loopback.
                host.Sysctls = new Dictionary<string, string> { ["net.ipv6.conf.lo.disable_ipv6"] = "0" };
            });
        IContainer container = (network is null ? builder.WithoutNetwork() : builder.WithNetwork(network).WithNetworkAliases(alias)).Build();
        await container.StartAsync(engine.Token);
        return new TestHost(engine, images, container, textfiles);
    }

    /// <summary>A container in the network namespace of this host.</summary>
    internal ContainerBuilder Join(string image) => _engine.Container(image).WithNetworkOf(_container);

    /// <summary>port-opener.py on this host. It counts as started after it has opened its connections.</summary>
    internal ContainerBuilder Opener(params IEnumerable<string> options) => Join(Images.Neighbours)
        .WithBindMount(Repository.PathOf("integration/port-opener.py"), "/port-opener.py", AccessMode.ReadOnly)
        .WithCommand(["python3", "/port-opener.py", .. options])
        .UntilLogged("opened [0-9]+ client connections");

    /// <summary>The agent on this host, with the least rights that it needs.</summary>
    internal ContainerBuilder Agent(params IEnumerable<string> options) => Join(Images.Agent)
        .WithVolumeMount(Textfiles, TextfileDirectory)
        .WithLeastRights()
        .WithEnvironment("UPDATE_DELAY", "100ms")
        .WithCommand([.. options]);

    /// <summary>Waits until the textfile has these lines.</summary>
    internal Task WaitForTextfile(params IReadOnlyCollection<string> lines) => _engine.Until(
        _container,
        async () => !lines.Except((await ExecAsync("cat", Textfile)).Stdout.Split('\n')).Any(),
        string.Join('\n', lines));

    /// <summary>Waits until the textfile has been written again.</summary>
    internal async Task WaitUntilTextfileIsRenewed()
    {
        string[] fileAndTime = ["stat", "--format", "%i %y", Textfile];
        string before = (await ExecAsync(fileAndTime)).Stdout;
        await _engine.Until(
            _container, async () => await ExecAsync(fileAndTime) is { ExitCode: 0 } now && now.Stdout != before, "the textfile is written again");
    }

    /// <returns>The names of the files in the textfile directory, one on each line.</returns>
    internal async Task<string> ListTextfiles() => (await ExecAsync("ls", "-A", TextfileDirectory)).Stdout;

    /// <summary>Sets the modification time of the textfile to an hour ago.</summary>
    internal async Task AgeTextfile() => Assert.Equal(0, (await ExecAsync("touch", "--date", "1 hour ago", Textfile)).ExitCode);

    internal Task<ExecResult> ExecAsync(params string[] command) => _container.ExecAsync(command, _engine.Token);
}
