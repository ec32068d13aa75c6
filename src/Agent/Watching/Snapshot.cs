using System.Collections.Immutable;
using Agent.Limits;
using Agent.Readings;

namespace Agent.Watching;

/// <summary>
/// What the latest census of each network namespace found. Everything that a person or a program reads is rendered from one of these.
/// </summary>
/// <param name="Namespaces">The main one first, then in the order of the configuration.</param>
internal sealed record Snapshot(ImmutableArray<NamespaceCounts> Namespaces)
{
    /// <summary>What all counts were narrowed to, as an expression of <c>--filter</c>; null where everything was counted.</summary>
    public string? Filter { get; init; }

    /// <summary>The censuses of a view, each watch with the limit that is in force there.</summary>
    internal static Snapshot Of(StoreView view) => new([.. view.All<NamespaceCounts>().Select(counts => WithLimits(counts, view))]);

    /// <summary>Whether every census succeeded.</summary>
    public bool Succeeded => Namespaces.All(counts => counts.Succeeded);

    /// <summary>What could not be measured or learnt, one line each: failed censuses, then questions for limits.</summary>
    public IEnumerable<string> Problems => Namespaces.Select(found => found.Failure)
        .Concat(Namespaces.SelectMany(found => found.Watches).Select(counts => counts.Limit.Problem))
        .OfType<string>()
        .Distinct();

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

    private static NamespaceCounts WithLimits(NamespaceCounts counts, StoreView view)
    {
        foreach (WatchCounts watch in counts.Watches)
        {
            if (watch.Watch.LimitFrom is not null)
            {
                return counts with
                {
                    Watches = [.. counts.Watches.Select(each =>
                        each with { Limit = LimitReading.Of(each.Watch.LimitFrom, each.Watch.Limit, view) })],
                };
            }
        }

        return counts;
    }
}
