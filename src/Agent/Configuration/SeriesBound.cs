using System.Collections.Immutable;
using Agent.Watching;

namespace Agent.Configuration;

/// <summary>How many series a configuration can make: a monitoring system is to be protected from its agent.</summary>
internal static class SeriesBound
{
    /// <summary>More than this are refused.</summary>
    internal const int Most = 10_000;

    // Two protocols, unaccepted, accept queue and its limit.
    private const int PerPort = 5;

    // Clients, the highest, its peak, the limit.
    private const int PerWatch = 4;

    // Success, duration, last success.
    private const int PerNamespace = 3;

    // Of the agent.
    private const int Other = 1;

    /// <summary>The most series that can be there at one time.</summary>
    internal static long Count(ImmutableArray<WatchedNamespace> namespaces) =>
        Other + namespaces.Sum(where =>
            PerNamespace
            + (PerPort * where.Ports.Distinct().LongCount())
            + where.Watches.Sum(watch => PerWatch + (long)watch.ShownClients));
}
