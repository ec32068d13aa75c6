namespace Integration.Docker;

/// <summary>The collection of the container tests, which run sequentially: each starts several containers in the same engine.</summary>
[CollectionDefinition(nameof(OneAfterAnother))]
public sealed class OneAfterAnother : ICollectionFixture<OneAfterAnother.Run>
{
    /// <summary>The run of the collection. Its disposal after the last test cleans up.</summary>
    public sealed class Run : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await ContainerEngine.EndRunAsync();
    }
}
