namespace Integration.Docker;

/// <summary>A named volume that containers share.</summary>
internal sealed class Volume : IAsyncDisposable
{
    private Volume(string name) => Name = name;

    internal string Name { get; }

    internal static async Task<Volume> CreateAsync()
    {
        Volume volume = new(DockerCommand.UniqueName());
        await DockerCommand.Run("volume", "create", "--label", DockerCommand.Label, volume.Name);
        return volume;
    }

    public async ValueTask DisposeAsync() => await DockerCommand.Remove("volume", "rm", Name);
}
