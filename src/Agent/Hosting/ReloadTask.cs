using Agent.Configuration;
using Agent.Configuration.File;
using Agent.Publishing;
using Agent.Tasks;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>
/// Reloads the configuration on request, and when one of its files has changed, however the file was replaced: the configuration file, and the files
/// that it or a variable names. Files that are being written have to stay the same for a second first; an invalid one changes nothing. The contents
/// that were compared are those that are applied: if a file changes again meanwhile, the next check sees it.
/// </summary>
/// <param name="source">The files, and their contents at the start.</param>
/// <param name="read">Parses contents into settings, and adds the files that these need in addition.</param>
/// <param name="apply">Puts settings into force; throws where it cannot, and returns false when the agent ends.</param>
/// <param name="state">Takes the result, for metrics.</param>
/// <param name="serviceManager">Shows that a reload begins and ends.</param>
/// <param name="requested">Set when the files have to be read.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs each reload.</param>
internal sealed partial class ReloadTask(
    SourceFiles source,
    Func<SourceFiles, Settings> read,
    Func<Settings, Task<bool>> apply,
    AgentState state,
    ServiceManager serviceManager,
    AutoResetEvent requested,
    TimeProvider time,
    ILogger<ReloadTask> logger) : SupervisedTask
{
    internal static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    // A new textfile may take 10 s, and tasks that stop a few more.
    private static readonly TimeSpan LongestReload = TimeSpan.FromSeconds(30);

    private readonly StepTimer _step = new(time);

    // The contents that were applied or refused last, and those of the last check.
    private volatile SourceFiles _tried = source;
    private SourceFiles _seen = source;

    internal override string Name => "reload";

    internal override string Duty => $"look for changes of {string.Join(", ", _tried.Paths)}";

    // There is only one, and it follows the files.
    internal override object Identity => Name;

    internal override TimeSpan LongestRetryDelay => TimeSpan.FromMinutes(1);

    internal override TimeSpan? HangTimeout => LongestReload;

    // A file on a disk that does not respond.
    internal override bool IsHanging => _step.IsLongerThan(LongestReload);

    internal override Task RunAsync(Action succeeded, CancellationToken stopping) => DedicatedThread.RunAsync(() => Run(succeeded, stopping));

    private void Run(Action succeeded, CancellationToken stopping)
    {
        while (true)
        {
            succeeded();
            WaitResult ended = time.WaitUntil(time.GetTimestamp() + time.ToTicks(Period), stopping, requested);
            if (ended == WaitResult.Stopping)
            {
                return;
            }

            using StepTimer.Step step = _step.Begin();
            SourceFiles now = _tried.ReadAgain();
            bool areSettled = now.AreSameAs(_seen);
            _seen = now;
            if (ended == WaitResult.Signal || (areSettled && !now.AreSameAs(_tried)))
            {
                Reload(now);
            }
        }
    }

    private void Reload(SourceFiles now)
    {
        serviceManager.Reloading();
        try
        {
            Settings settings = ReadSettings(now);
            if (apply(settings).GetAwaiter().GetResult())
            {
                state.Reloaded(time.GetUtcNow());
                SettingsLog.Reloaded(logger, settings);
            }
        }
        catch (Exception wrong) when (wrong is ConfigurationException or TextfileTakenException)
        {
            state.ReloadFailed();
            LogRefused(wrong.Message);
        }
        catch
        {
            state.ReloadFailed();
            throw;
        }
        finally
        {
            serviceManager.Reloaded();
        }
    }

    /// <summary>Reads the settings, and from now on looks at the files that they needed, also if one of them is invalid.</summary>
    private Settings ReadSettings(SourceFiles now)
    {
        SourceFiles needed = new(known: now);
        try
        {
            return read(needed);
        }
        finally
        {
            _tried = _seen = needed;
        }
    }

    [LoggerMessage(41, LogLevel.Error, "the configuration stays as it was: {Reason}")]
    private partial void LogRefused(string reason);
}
