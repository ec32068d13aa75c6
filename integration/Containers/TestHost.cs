using Integration.Docker;
using Testing;

namespace Integration.Containers;

/// <summary>
/// A container that stands for a host: it holds a network namespace and a textfile directory that others join, and outlives them. In it are the
/// tools to look at both.
/// </summary>
internal sealed class TestHost : IAsyncDisposable
{
    private const string TextfileDirectory = "/tmp/node-exporter";
    private const string Textfile = $"{TextfileDirectory}/tcp_connections.prom";

    private readonly Container _container;

    private TestHost(Container container, Volume textfiles)
    {
        _container = container;
        Textfiles = textfiles;
    }

    /// <summary>What an agent on this host writes.</summary>
    internal Volume Textfiles { get; }

    /// <param name="network">The network that the host is in; loopback alone by default.</param>
    /// <param name="alias">The host's name there.</param>
    internal static async Task<TestHost> StartAsync(Network? network = null, string alias = "host")
    {
        await DockerCommand.RequireEngine();
        Volume textfiles = await Volume.CreateAsync();
        // The engine turns IPv6 off in a container, on loopback too.
        ContainerBuilder builder = new ContainerBuilder(Images.Neighbours)
            .WithCommand("sleep", "infinity")
            .WithCreateOptions("--init", "--sysctl", "net.ipv6.conf.lo.disable_ipv6=0", "--volume", $"{textfiles.Name}:{TextfileDirectory}:nocopy");
        TestHost host = new((network is null ? builder.WithCreateOptions("--network", "none") : builder.WithNetwork(network, alias)).Build(), textfiles);
        try
        {
            await host._container.StartAsync();
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>A container on this host.</summary>
    internal ContainerBuilder Join(string image) => new ContainerBuilder(image).WithNetworkOf(_container);

    /// <summary>port-opener.py on this host.</summary>
    internal ContainerBuilder Opener(params IEnumerable<string> options) => Join(Images.Neighbours)
        .WithBindMount(Repository.PathOf("integration/port-opener.py"), "/port-opener.py")
        .WithCommand(["python3", "/port-opener.py", .. options]);

    /// <summary>The agent on this host, with the least rights that suffice.</summary>
    internal ContainerBuilder Agent(params IEnumerable<string> options) => Join(Images.Agent)
        .WithVolumeMount(Textfiles, TextfileDirectory)
        .WithCreateOptions("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
        .WithEnvironment("UPDATE_DELAY", "100ms")
        .WithCommand(options);

    /// <summary>Waits until the textfile has some lines.</summary>
    internal Task TextfileHas(params IReadOnlyCollection<string> lines) => _container.Until(
        async () => !lines.Except((await ExecAsync("cat", Textfile)).Stdout.Split('\n')).Any(),
        string.Join('\n', lines));

    /// <summary>Waits until the textfile has been written anew.</summary>
    internal async Task TextfileIsRenewed()
    {
        string[] fileAndTime = ["stat", "--format", "%i %y", Textfile];
        string before = (await ExecAsync(fileAndTime)).Stdout;
        await _container.Until(
            async () => await ExecAsync(fileAndTime) is { ExitCode: 0 } now && now.Stdout != before, "the textfile is written anew");
    }

    /// <returns>What lies in the textfile directory.</returns>
    internal async Task<string> TextfilesLeft() => (await ExecAsync("ls", "-A", TextfileDirectory)).Stdout;

    /// <summary>Makes the textfile look old.</summary>
    internal async Task AgeTextfile() => Assert.Equal(0, (await ExecAsync("touch", "--date", "1 hour ago", Textfile)).ExitCode);

    internal Task<ExecResult> ExecAsync(params IEnumerable<string> command) => _container.ExecAsync(command);

    internal Task<string> GetIpAddressAsync() => _container.GetIpAddressAsync();

    public async ValueTask DisposeAsync()
    {
        await _container.DisposeAsync();
        await Textfiles.DisposeAsync();
    }
}
