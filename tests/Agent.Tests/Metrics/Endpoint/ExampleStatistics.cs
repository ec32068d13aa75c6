using Agent.Metrics;
using Agent.Watching;
using Netlink;

namespace Agent.Tests.Metrics.Endpoint;

/// <summary>Statistics of an agent, beside <see cref="ExampleSnapshots.Several"/>.</summary>
internal static class ExampleStatistics
{
    /// <summary>The statistics of an agent without a configuration file, just after its start.</summary>
    internal static readonly AgentStatistics AtStart =
        new([], Reload: null, [new WatchedNamespace(null, null, [new Watch("consul", [8500])])]);

    internal static readonly AgentStatistics Several = new(
        [
            new TaskStatistics("census", IsRunning: true, Starts: 1, [], []),
            new TaskStatistics(
                "census:/run/\"x\"", IsRunning: false, Starts: 4,
                [Pair("failure", 2), Pair("reload", 1)], [Pair("netlink", 1), Pair("timeout", 2)]),
            new TaskStatistics("textfile", IsRunning: true, Starts: 2, [Pair("failure", 1)], [Pair("io", 1)]),
        ],
        new ReloadStatistics(Successful: false, new DateTimeOffset(2030, 1, 2, 3, 4, 6, 125, TimeSpan.Zero)),
        [
            // The last watch and the last namespace are new in the configuration, and no census has counted them yet.
            new WatchedNamespace(null, null, [new Watch("consul", [8500, 8501]), new Watch("idle", [9000]), new Watch("new", [9001])]),
            new WatchedNamespace(NetworkNamespace.Parse("/run/x"), "/run/\"x\"", [new Watch("other", [8500])]),
            new WatchedNamespace(NetworkNamespace.Parse("/run/gone"), "gone", [new Watch("lost", [80]), new Watch("lost-too", [81])]),
            new WatchedNamespace(NetworkNamespace.Parse("/run/later"), "later", [new Watch("later", [80])]),
        ]);

    /// <summary>Durations of censuses of the main namespace, before the one of the snapshot.</summary>
    internal static readonly TimeSpan[] EarlierDurations = [TimeSpan.FromMilliseconds(40), TimeSpan.FromSeconds(20)];

    private static KeyValuePair<string, long> Pair(string name, long count) => KeyValuePair.Create(name, count);
}
