using System.Collections.Concurrent;
using Agent.Limits.Consul;
using Agent.Watching;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>Tells once of each watch that counts only one of two ports which share a limit.</summary>
internal sealed partial class SharedBudgetNotices(TimeProvider time, ILogger<SharedBudgetNotices> logger)
{
    // The service may start to listen on the other port later.
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    // When each watch was looked at, as a timestamp of the clock.
    private readonly ConcurrentDictionary<(string? Netns, string Watch), long> _lookedAt = new();
    private readonly ConcurrentDictionary<(string? Netns, string Watch), bool> _told = new();

    /// <summary>Looks after a census, outside of the thread that counts.</summary>
    /// <returns>Ends when it has looked.</returns>
    internal Task LookAfter(WatchedNamespace where, NamespaceCounts found)
    {
        Task looking = Task.CompletedTask;
        foreach (WatchCounts counts in found.Watches)
        {
            Watch watch = counts.Watch;
            if (UncountedConsulPort.PortsOf(watch) is var (counted, _) && IsTime((where.Label, watch.Name)) && Listens(found, counted))
            {
                _lookedAt[(where.Label, watch.Name)] = time.GetTimestamp();
                looking = Task.WhenAll(looking, Task.Run(() => Look(where, watch)));
            }
        }

        return looking;
    }

    private bool IsTime((string? Netns, string Watch) key) =>
        !_told.ContainsKey(key) && (!_lookedAt.TryGetValue(key, out long last) || time.GetElapsedTime(last) >= Pause);

    private static bool Listens(NamespaceCounts found, ushort port)
    {
        foreach (PortCounts counts in found.Ports)
        {
            if (counts.Port == port)
            {
                return counts.AcceptQueue is not null;
            }
        }

        return false;
    }

    private void Look(WatchedNamespace where, Watch watch)
    {
        if (UncountedConsulPort.Find(where.Namespace, watch) is { } notice && _told.TryAdd((where.Label, watch.Name), true))
        {
            LogNotice(notice);
        }
    }

    [LoggerMessage(37, LogLevel.Warning, "{Notice}")]
    private partial void LogNotice(string notice);
}
