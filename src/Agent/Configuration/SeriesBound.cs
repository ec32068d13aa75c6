using System.Collections.Immutable;
using Agent.Limits.Consul;
using Agent.Watching;

namespace Agent.Configuration;

/// <summary>Counts the series that a configuration can produce, to protect the monitoring system from too many.</summary>
internal static class SeriesBound
{
    /// <summary>The maximum. A configuration that can produce more is rejected.</summary>
    internal const int Most = 10_000;

    // Connections of two protocols, unaccepted and dead connections, the accept queue and its limit, and drops.
    private const int PerPort = 7;

    // The accept queue and its limit.
    private const int PerUnixSocket = 2;

    // Held connections, clients, the highest client, its peak, and the limit; the server's open files and their limit.
    private const int PerWatch = 7;

    // The total limit.
    private const int PerTotalLimit = 1;

    // Whether the asked service refuses the agent's address.
    private const int PerQuestion = 1;

    // Success, duration, last success, the age of the dead connections.
    private const int PerNamespace = 4;

    // The agent's build.
    private const int Other = 1;

    // The buckets of the census duration, their sum and count.
    private const int PerNamespaceAtEndpoint = 20;

    // Success.
    private const int PerWatchAtEndpoint = 1;

    // Starts, restarts by reason, and failures by type of error.
    private const int PerTask = 1 + 2 + 11;

    // Textfile, endpoint, reload, service manager.
    private const int OtherTasks = 4;

    // The duration of a scrape and the errors, where there are databases.
    private const int OfAllDatabases = 2;

    // Running tasks, the last reload, the process, and the runtime.
    private const int OtherAtEndpoint = 1 + 2 + 7 + 25;

    /// <summary>The highest number of series in the textfile at one time, without those that belong to one database.</summary>
    /// <param name="namespaces">What is watched.</param>
    /// <param name="databases">How many databases there are.</param>
    internal static long Count(ImmutableArray<WatchedNamespace> namespaces, int databases = 0) =>
        Other + (databases > 0 ? OfAllDatabases : 0) + namespaces.Sum(where =>
            PerNamespace
            + (PerPort * where.Ports.Distinct().LongCount())
            + (PerUnixSocket * where.Watches.SelectMany(watch => watch.UnixSockets).Distinct().LongCount())
            + where.Watches.Sum(watch =>
                PerWatch
                + (watch.LimitFrom is null ? 0 : PerQuestion)
                + (watch.TotalLimit is null ? 0 : PerTotalLimit)
                + (long)watch.ShownClients));

    /// <summary>The same at /metrics.</summary>
    /// <inheritdoc cref="Count"/>
    internal static long CountAtEndpoint(ImmutableArray<WatchedNamespace> namespaces, int databases = 0)
    {
        IEnumerable<Watch> watches = namespaces.SelectMany(where => where.Watches);
        int tasks = OtherTasks + namespaces.Length + watches.Select(watch => watch.LimitFrom).OfType<ConsulEndpoint>().Distinct().Count()
            + databases;
        return Count(namespaces, databases)
            + OtherAtEndpoint
            + (PerTask * (long)tasks)
            + (PerNamespaceAtEndpoint * (long)namespaces.Length)
            + (PerWatchAtEndpoint * watches.LongCount());
    }
}
