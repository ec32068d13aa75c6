namespace Integration.Docker;

/// <summary>Tests with containers run one after the other: each takes several, and the engine is one.</summary>
[CollectionDefinition(nameof(OneAfterAnother))]
public sealed class OneAfterAnother : ICollectionFixture<OneAfterAnother.Run>
{
    /// <summary>Ends with the last of them.</summary>
    public sealed class Run : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await ContainerEngine.EndRunAsync();
    }
}
