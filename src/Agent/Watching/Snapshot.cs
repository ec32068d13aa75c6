using System.Collections.Immutable;

namespace Agent.Watching;

/// <summary>
/// What the latest census of each network namespace found. Everything that a person or a program reads is rendered from one of these.
/// </summary>
/// <param name="Namespaces">The main one first, then in the order of the configuration.</param>
internal sealed record Snapshot(ImmutableArray<NamespaceCounts> Namespaces)
{
    /// <summary>What all counts were narrowed to, as an expression of <c>--filter</c>; null where everything was counted.</summary>
    public string? Filter { get; init; }

    /// <summary>Whether every census succeeded.</summary>
    public bool Succeeded => Namespaces.All(counts => counts.Succeeded);

    /// <summary>The state of the worst watch among those that could be counted; fine without any.</summary>
    public WatchState WorstState
    {
        get
        {
            WatchState worst = default;
            foreach (NamespaceCounts found in Namespaces)
            {
                foreach (WatchCounts watch in found.Watches)
                {
                    worst = watch.State > worst ? watch.State : worst;
                }
            }

            return worst;
        }
    }
}
