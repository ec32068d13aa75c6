using System.Collections.Immutable;

namespace Agent.Watching;

/// <summary>A named set of local ports whose connections are counted, per client address and against a limit where there is one.</summary>
/// <param name="Name">What operators call it.</param>
/// <param name="Ports">Its ports, as configured; none twice.</param>
internal sealed record Watch(string Name, ImmutableArray<ushort> Ports)
{
    /// <summary>How many clients are shown by default.</summary>
    internal const int DefaultShownClients = 10;

    /// <summary>How many connections a client may hold; null where there is no limit.</summary>
    public int? Limit { get; init; }

    /// <summary>How many clients are shown, those that hold most; 0 for none.</summary>
    public int ShownClients { get; init; } = DefaultShownClients;
}
