namespace Integration.Containers;

/// <summary>Tests with containers run one after the other: each takes several, and the engine is one.</summary>
[CollectionDefinition(nameof(OneAfterAnother))]
public sealed class OneAfterAnother;
