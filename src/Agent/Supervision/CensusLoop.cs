using System.Collections.Immutable;
using Agent.Metrics;
using Agent.Publishing;
using Agent.Watching;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Agent.Supervision;

/// <summary>
/// Takes a census of each network namespace at each interval and publishes what they found, for as long as the agent runs and whatever the kernel and the disk do.
/// </summary>
internal sealed partial class CensusLoop(
    IReadOnlyList<Census> censuses,
    SnapshotExposition exposition,
    Textfile? textfile,
    TimeSpan interval,
    TimeProvider time,
    ServiceManager serviceManager,
    IHostApplicationLifetime lifetime,
    ILogger<CensusLoop> logger) : BackgroundService
{
    private readonly bool[] _cannotMeasure = new bool[censuses.Count];
    private bool _canPublish = true;
    private bool _warnedOfWriters;

    /// <summary>Set when the agent must not go on; null otherwise.</summary>
    internal Exception? EndedBy { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The timer holds one tick at the most: a census that takes longer than the interval, or a suspended machine, makes no pile of them;
        // and it reckons from when a tick was due, not from when it was served.
        using PeriodicTimer timer = new(interval, time);
        do
        {
            Tick();
        }
        while (await NextTickAsync(timer, stoppingToken));
    }

    /// <summary>Waits for the next tick, and where that takes long meanwhile tells the watchdog that the loop is not stuck.</summary>
    private async ValueTask<bool> NextTickAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        if (serviceManager.WatchdogPause is not { } pause || pause >= interval)
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }

        Task<bool> tick = timer.WaitForNextTickAsync(stoppingToken).AsTask();
        while (await Task.WhenAny(tick, Task.Delay(pause, time, stoppingToken)) != tick)
        {
            serviceManager.Waiting();
        }

        return await tick;
    }

    private void Tick()
    {
        ImmutableArray<NamespaceCounts>.Builder found = ImmutableArray.CreateBuilder<NamespaceCounts>(censuses.Count);
        for (int i = 0; i < censuses.Count; i++)
        {
            found.Add(censuses[i].Take());
            ReportCensus(found[i], ref _cannotMeasure[i]);
            serviceManager.Waiting();
        }

        Snapshot snapshot = new(found.MoveToImmutable());
        string? cannotPublish = textfile is null ? null : Publish(textfile, snapshot);
        if (EndedBy is null)
        {
            serviceManager.Turned(FailureOf(snapshot), cannotPublish);
        }
    }

    /// <returns>The first of its reasons; null when all could be measured.</returns>
    private static string? FailureOf(Snapshot snapshot) => snapshot.Namespaces.FirstOrDefault(found => !found.Succeeded) switch
    {
        null => null,
        { Netns: null } main => main.Failure,
        var other => $"network namespace {other.Netns}: {other.Failure}",
    };

    private void ReportCensus(NamespaceCounts found, ref bool cannotMeasure)
    {
        if (cannotMeasure != found.Succeeded)
        {
            return;
        }

        cannotMeasure = !found.Succeeded;
        string where = found.Netns is { } netns ? $" in network namespace {netns}" : "";
        if (cannotMeasure)
        {
            LogCannotMeasure(where, found.Failure!);
        }
        else
        {
            LogMeasuringAgain(where);
        }
    }

    /// <returns>Why it could not be published; null when it was.</returns>
    private string? Publish(Textfile target, Snapshot snapshot)
    {
        try
        {
            target.Write(exposition.Render(snapshot).Span);
        }
        catch (TextfileTakenException taken)
        {
            EndedBy = taken;
            lifetime.StopApplication();
            return taken.Message;
        }
        catch (Exception failure)
        {
            // Every exception: a disk has more ways to fail than a list of them.
            if (_canPublish)
            {
                _canPublish = false;
                LogCannotPublish(target.FilePath, failure.Message);
            }

            return failure.Message;
        }

        if (!_canPublish)
        {
            _canPublish = true;
            LogPublishingAgain(target.FilePath);
        }

        if (target.OthersMayWrite && !_warnedOfWriters)
        {
            _warnedOfWriters = true;
            LogOthersMayWrite(target.FilePath);
        }

        return null;
    }

    [LoggerMessage(1, LogLevel.Error, "cannot measure{Where}: {Reason}; trying again at each interval")]
    private partial void LogCannotMeasure(string where, string reason);

    [LoggerMessage(2, LogLevel.Information, "measuring again{Where}")]
    private partial void LogMeasuringAgain(string where);

    [LoggerMessage(3, LogLevel.Error, "cannot write {Path}: {Reason}; trying again at each interval")]
    private partial void LogCannotPublish(string path, string reason);

    [LoggerMessage(4, LogLevel.Information, "writing {Path} again")]
    private partial void LogPublishingAgain(string path);

    [LoggerMessage(5, LogLevel.Warning, "the directory of {Path} may be written by every user, who can so replace it; chmod o-w its directory")]
    private partial void LogOthersMayWrite(string path);
}
