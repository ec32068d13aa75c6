using System.Collections.Immutable;

namespace Agent.Watching;

/// <summary>A named set of local ports whose connections are counted.</summary>
/// <param name="Name">What operators call it.</param>
/// <param name="Ports">Its ports, as configured; none twice.</param>
internal sealed record Watch(string Name, ImmutableArray<ushort> Ports);
