using System.Collections.Immutable;
using Agent.Limits;
using Agent.Readings;

namespace Agent.Watching;

/// <summary>The reading of one census: the counts of a network namespace, or why there are none.</summary>
internal sealed record NamespaceCounts : Reading
{
    /// <summary>The configured name of the namespace, the label <c>netns</c> of its metrics; null for the agent's main one.</summary>
    public string? Netns { get; init; }

    /// <summary>When the last successful census ended, this one included; null when none has succeeded yet.</summary>
    public required DateTimeOffset? LastSuccess { get; init; }

    /// <summary>Per watched port, in rising order; empty when the census failed: what was not measured is absent.</summary>
    public ImmutableArray<PortCounts> Ports { get; init; } = [];

    /// <summary>Per watched unix socket, in the order of the configuration; empty when the census failed.</summary>
    public ImmutableArray<UnixSocketCounts> UnixSockets { get; init; } = [];

    /// <summary>
    /// Why the agent could not see all dead connections, in one line that names the missing right; null if it could. It is no failure of the census.
    /// </summary>
    public string? DeadProblem { get; init; }

    /// <summary>
    /// How old the numbers of dead connections are, where a further look is due and has to wait because looks are expensive here; null if they are of
    /// this census.
    /// </summary>
    public TimeSpan? DeadAge { get; init; }

    /// <summary>Per watch, in the order of the configuration; empty when the census failed.</summary>
    public ImmutableArray<WatchCounts> Watches { get; init; } = [];

    internal override void AddTo(IHistoryWriter history, StoreView view)
    {
        foreach (WatchCounts counts in Watches)
        {
            string name = counts.Watch.Name;
            history.Add(Netns, name, HistoryValue.Held, counts.Held);
            history.Add(Netns, name, HistoryValue.HighestClient, counts.Highest);
            if (LimitReading.Of(counts.Watch.LimitFrom, counts.Watch.Limit, view).Value is { } limit)
            {
                history.Add(Netns, name, HistoryValue.Limit, limit);
            }

            if (counts.Watch.TotalLimit is { } total)
            {
                history.Add(Netns, name, HistoryValue.TotalLimit, total.Value);
            }

            if (counts.Dead is { } dead)
            {
                history.Add(Netns, name, HistoryValue.Dead, dead);
            }

            if (AcceptQueueOf(counts.Watch) is { } length)
            {
                history.Add(Netns, name, HistoryValue.AcceptQueue, length);
            }
        }
    }

    /// <summary>The connections in the accept queues of a watch's ports and unix sockets; null where nothing listens.</summary>
    private long? AcceptQueueOf(Watch watch)
    {
        long? length = null;
        foreach (PortCounts counts in Ports)
        {
            if (counts.AcceptQueue is { } queue && watch.Ports.Contains(counts.Port))
            {
                length = (length ?? 0) + queue.Length;
            }
        }

        return UnixSocketCounts.SumOfQueues(UnixSockets.Where(counts => watch.UnixSockets.Contains(counts.Path))) is { } unix
            ? (length ?? 0) + unix.Length
            : length;
    }
}
