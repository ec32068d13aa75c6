using System.Collections.Concurrent;
using Agent.Readings;
using Agent.Watching;
using Agent.Workloads;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>Warns once of each watch that counts only one of two ports which share a limit.</summary>
/// <param name="namespaces">Returns what is watched by the settings in force.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Takes the warnings.</param>
internal sealed partial class UncountedConsulPortNotices(
    Func<IEnumerable<WatchedNamespace>> namespaces, TimeProvider time, ILogger<UncountedConsulPortNotices> logger)
{
    // The service may start to listen on the other port later.
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    // When each watch was checked, as a timestamp of the clock.
    private readonly ConcurrentDictionary<(string? Netns, string Watch), long> _checkedAt = new();
    private readonly ConcurrentDictionary<(string? Netns, string Watch), bool> _warned = new();

    /// <summary>Checks the watches of a census, on another thread than the one that counts.</summary>
    /// <returns>Ends after the check.</returns>
    internal Task CheckAfter(Reading reading)
    {
        Task checking = Task.CompletedTask;
        if (reading is not NamespaceCounts found)
        {
            return checking;
        }

        foreach (WatchCounts counts in found.Watches)
        {
            Watch watch = counts.Watch;
            if (UncountedConsulPort.PortsOf(watch) is var (counted, _)
                && IsTime((found.Netns, watch.Name))
                && Listens(found, counted)
                && namespaces().FirstOrDefault(known => known.Label == found.Netns) is { } where)
            {
                _checkedAt[(found.Netns, watch.Name)] = time.GetTimestamp();
                checking = Task.WhenAll(checking, Task.Run(() => Check(where, watch)));
            }
        }

        return checking;
    }

    private bool IsTime((string? Netns, string Watch) key) =>
        !_warned.ContainsKey(key) && (!_checkedAt.TryGetValue(key, out long last) || time.GetElapsedTime(last) >= Pause);

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

    private void Check(WatchedNamespace where, Watch watch)
    {
        if (UncountedConsulPort.Find(where.Namespace, watch) is { } notice && _warned.TryAdd((where.Label, watch.Name), true))
        {
            LogNotice(notice);
        }
    }

    [LoggerMessage(37, LogLevel.Warning, "{Notice}")]
    private partial void LogNotice(string notice);
}
