using Agent.Metrics;
using Agent.Watching;
using Netlink;

namespace Agent.Tests.Metrics.Endpoint;

/// <summary>What an agent could say of its work, beside <see cref="ExampleSnapshots.Several"/>.</summary>
internal static class ExampleFigures
{
    /// <summary>Of one without a configuration file that was only just started.</summary>
    internal static readonly AgentFigures AtStart =
        new([], Reload: null, [new WatchedNamespace(null, null, [new Watch("consul", [8500])])]);

    internal static readonly AgentFigures Several = new(
        [
            new TaskFigures("census", IsRunning: true, Starts: 1, [], []),
            new TaskFigures(
                "census:/run/\"x\"", IsRunning: false, Starts: 4,
                [Pair("failure", 2), Pair("reload", 1)], [Pair("netlink", 1), Pair("timeout", 2)]),
            new TaskFigures("textfile", IsRunning: true, Starts: 2, [Pair("failure", 1)], [Pair("io", 1)]),
        ],
        new ReloadFigures(Successful: false, new DateTimeOffset(2030, 1, 2, 3, 4, 6, 125, TimeSpan.Zero)),
        [
            // The last one came with a configuration that no census has counted for yet.
            new WatchedNamespace(null, null, [new Watch("consul", [8500, 8501]), new Watch("idle", [9000]), new Watch("new", [9001])]),
            new WatchedNamespace(NetworkNamespace.Parse("/run/x"), "/run/\"x\"", [new Watch("other", [8500])]),
            new WatchedNamespace(NetworkNamespace.Parse("/run/gone"), "gone", [new Watch("lost", [80]), new Watch("lost-too", [81])]),
            new WatchedNamespace(NetworkNamespace.Parse("/run/later"), "later", [new Watch("later", [80])]),
        ]);

    /// <summary>How long censuses took in network namespaces of those.</summary>
    internal static readonly (string? Netns, TimeSpan Duration)[] Durations =
    [
        (null, TimeSpan.FromMicroseconds(250)),
        (null, TimeSpan.FromMilliseconds(40)),
        (null, TimeSpan.FromSeconds(20)),
        ("/run/\"x\"", TimeSpan.FromMicroseconds(125)),
    ];

    private static KeyValuePair<string, long> Pair(string name, long count) => KeyValuePair.Create(name, count);
}
