using System.Collections.Immutable;
using Agent.Limits;

namespace Agent.Watching;

/// <summary>
/// What the latest census of each network namespace found. Everything that a person or a program reads is rendered from one of these.
/// </summary>
/// <param name="Namespaces">The main one first, then in the order of the configuration.</param>
internal sealed record Snapshot(ImmutableArray<NamespaceCounts> Namespaces)
{
    /// <summary>What all counts were narrowed to, as an expression of <c>--filter</c>; null where everything was counted.</summary>
    public string? Filter { get; init; }

    /// <summary>The same counts with the limits that were learnt after they were taken.</summary>
    internal Snapshot WithLimits(Func<Watch, ClientLimit> limitOf) => this with
    {
        Namespaces = [.. Namespaces.Select(found => found with
        {
            Watches = [.. found.Watches.Select(counts => counts with { Limit = limitOf(counts.Watch) })],
        })],
    };

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
}
