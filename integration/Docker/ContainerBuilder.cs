namespace Integration.Docker;

/// <summary>What a container is to be like. The names are those of Testcontainers, so that it can take this one's place.</summary>
/// <param name="image">One that the engine has.</param>
internal sealed class ContainerBuilder(string image)
{
    private readonly List<string> _options = [];
    private readonly List<int> _ports = [];
    private string[] _command = [];

    internal ContainerBuilder WithCommand(params IEnumerable<string> command)
    {
        _command = [.. command];
        return this;
    }

    internal ContainerBuilder WithEntrypoint(string program) => WithCreateOptions("--entrypoint", program);

    internal ContainerBuilder WithEnvironment(string name, string value) => WithCreateOptions("--env", $"{name}={value}");

    internal ContainerBuilder WithNetwork(Network network, string alias) =>
        WithCreateOptions("--network", network.Name, "--network-alias", alias);

    /// <summary>In the network namespace of a container that runs.</summary>
    internal ContainerBuilder WithNetworkOf(Container other) => WithCreateOptions("--network", $"container:{other.Name}");

    internal ContainerBuilder WithVolumeMount(Volume volume, string path) => WithCreateOptions("--volume", $"{volume.Name}:{path}");

    internal ContainerBuilder WithBindMount(string source, string path) => WithCreateOptions("--volume", $"{source}:{path}:ro");

    /// <summary>Publishes a port of the container on loopback, as <see cref="Container.GetMappedPublicPort"/>.</summary>
    internal ContainerBuilder WithPortBinding(int port)
    {
        _ports.Add(port);
        return WithCreateOptions("--publish", $"127.0.0.1:0:{port}");
    }

    /// <summary>Options of <c>docker create</c> that have no name here.</summary>
    internal ContainerBuilder WithCreateOptions(params IEnumerable<string> options)
    {
        _options.AddRange(options);
        return this;
    }

    internal Container Build() => new(_options, [image, .. _command], _ports);
}
