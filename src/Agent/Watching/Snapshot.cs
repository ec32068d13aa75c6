using System.Collections.Immutable;
using Agent.Limits;
using Agent.Readings;

namespace Agent.Watching;

/// <summary>
/// The latest census of each network namespace, with the limits that are in force. All outputs are rendered from a snapshot.
/// </summary>
/// <param name="Namespaces">The main namespace first, then in the order of the configuration.</param>
internal sealed record Snapshot(ImmutableArray<NamespaceCounts> Namespaces)
{
    /// <summary>The expression of <c>--filter</c> that all counts are limited to; null for none.</summary>
    public string? Filter { get; init; }

    /// <summary>The servers of all configured databases, in their order; null unless <c>--databases</c> asked for them.</summary>
    public ImmutableArray<ServerJudgement>? Databases { get; init; }

    /// <summary>All readings, also those of other sources.</summary>
    public StoreView View { get; init; } = StoreView.Empty;

    /// <summary>The censuses of a view, each watch with the limit that is in force there.</summary>
    internal static Snapshot Of(StoreView view) =>
        new([.. view.All<NamespaceCounts>().Select(counts => WithLimits(counts, view))]) { View = view };

    /// <summary>Whether every census succeeded.</summary>
    public bool Succeeded => Namespaces.All(counts => counts.Succeeded);

    /// <summary>Everything that failed, one line each: censuses, then questions for limits, then databases.</summary>
    public IEnumerable<string> Problems => Namespaces.Select(found => found.Failure)
        .Concat(Namespaces.SelectMany(found => found.Watches).Select(counts => counts.Limit.Problem))
        .Concat(Namespaces.SelectMany(found => found.Watches).Select(counts => counts.Server?.Line))
        .Concat((Databases ?? []).Select(database => database.Use.Line))
        .OfType<string>()
        .Distinct();

    /// <summary>Why the agent could not see all dead connections, a line for each network namespace. The state and the exit code stay the same.</summary>
    public IEnumerable<string> DeadProblems => Namespaces.Where(found => found.DeadProblem is not null)
        .Select(found => $"{(found.Netns is { } netns ? $"{netns}: " : "")}{found.DeadProblem}");

    /// <summary>The worst state of the watches that could be counted, and of the databases; fine without any.</summary>
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

            foreach (ServerJudgement database in Databases ?? [])
            {
                worst = database.State > worst ? database.State : worst;
            }

            return worst;
        }
    }

    private static NamespaceCounts WithLimits(NamespaceCounts counts, StoreView view)
    {
        foreach (WatchCounts watch in counts.Watches)
        {
            if (watch.Watch is not { LimitFrom: null, Database: null })
            {
                return counts with
                {
                    Watches = [.. counts.Watches.Select(each => each with
                    {
                        Limit = LimitReading.Of(each.Watch.LimitFrom, each.Limit, view),
                        Server = each.Watch.Database is { } database ? ServerUse.Of(database, view) : null,
                    })],
                };
            }
        }

        return counts;
    }
}
