using System.Collections.Immutable;
using Agent.Watching;
using Agent.Limits.Consul;

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

    // Whether the service that is asked for the limit refuses the agent's address.
    private const int PerQuestion = 1;

    // Success, duration, last success.
    private const int PerNamespace = 3;

    // Of the agent.
    private const int Other = 1;

    // Buckets of durations, their sum and how many there were.
    private const int PerNamespaceAtEndpoint = 20;

    // Success.
    private const int PerWatchAtEndpoint = 1;

    // Starts, restarts by reason, failures by type of error.
    private const int PerTask = 1 + 2 + 11;

    // Textfile, endpoint, reload, service manager.
    private const int OtherTasks = 4;

    // Tasks that run, the last reload, the process, the runtime.
    private const int OtherAtEndpoint = 1 + 2 + 7 + 25;

    /// <summary>The most series that can be in the textfile at one time.</summary>
    internal static long Count(ImmutableArray<WatchedNamespace> namespaces) =>
        Other + namespaces.Sum(where =>
            PerNamespace
            + (PerPort * where.Ports.Distinct().LongCount())
            + where.Watches.Sum(watch => PerWatch + (watch.LimitFrom is null ? 0 : PerQuestion) + (long)watch.ShownClients));

    /// <summary>The most series that can be at /metrics at one time.</summary>
    internal static long CountAtEndpoint(ImmutableArray<WatchedNamespace> namespaces)
    {
        IEnumerable<Watch> watches = namespaces.SelectMany(where => where.Watches);
        int tasks = OtherTasks + namespaces.Length + watches.Select(watch => watch.LimitFrom).OfType<ConsulEndpoint>().Distinct().Count();
        return Count(namespaces)
            + OtherAtEndpoint
            + (PerTask * (long)tasks)
            + (PerNamespaceAtEndpoint * (long)namespaces.Length)
            + (PerWatchAtEndpoint * watches.LongCount());
    }
}
