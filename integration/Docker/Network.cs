namespace Integration.Docker;

/// <summary>A bridge network, in which containers find each other by their aliases.</summary>
internal sealed class Network : IAsyncDisposable
{
    private Network(string name) => Name = name;

    internal string Name { get; }

    internal static async Task<Network> CreateAsync()
    {
        Network network = new(DockerCommand.UniqueName());
        await DockerCommand.Run("network", "create", "--label", DockerCommand.Label, network.Name);
        return network;
    }

    public async ValueTask DisposeAsync() => await DockerCommand.Remove("network", "rm", Name);
}
