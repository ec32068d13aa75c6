using Agent.Configuration;
using Agent.Configuration.File;
using Agent.Publishing;
using Agent.Tasks;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>
/// Reloads the configuration file on request, and when its text has changed, however the file was replaced. A file that is being written has to
/// stay the same for a second first; an invalid one changes nothing. The text that was compared is the text that is applied: if the file changes
/// again meanwhile, the next check sees it.
/// </summary>
/// <param name="source">The file, and its text at the start.</param>
/// <param name="read">Parses a text into settings.</param>
/// <param name="apply">Puts settings into force; throws where it cannot, and returns false when the agent ends.</param>
/// <param name="state">Takes the result, for metrics.</param>
/// <param name="serviceManager">Shows that a reload begins and ends.</param>
/// <param name="requested">Set when the file has to be read.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs each reload.</param>
internal sealed partial class ReloadTask(
    ConfigurationSource source,
    Func<byte[], Settings> read,
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

    // The text that was applied or refused last, and the text of the last check.
    private Content _tried = new(source.Text.ToArray(), null);
    private Content _seen = new(source.Text.ToArray(), null);

    internal override string Name => "reload";

    internal override string Duty => $"look for changes of {source.Path}";

    internal override object Identity => source.Path;

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
            Content content = TryRead();
            bool isSettled = content.IsSameAs(_seen);
            _seen = content;
            if (ended == WaitResult.Signal || (isSettled && !content.IsSameAs(_tried)))
            {
                _tried = content;
                Reload(content);
            }
        }
    }

    private void Reload(Content content)
    {
        serviceManager.Reloading();
        try
        {
            Settings settings = read(content.Text ?? throw new ConfigurationException(content.Failure!));
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

    private Content TryRead()
    {
        try
        {
            return new Content(LoadedFile.ReadBytes(source.Path), null);
        }
        catch (ConfigurationException wrong)
        {
            return new Content(null, wrong.Message);
        }
    }

    /// <summary>The text of the file, or why it could not be read.</summary>
    private readonly record struct Content(byte[]? Text, string? Failure)
    {
        /// <summary>Whether the text is the same; two files that could not be read are the same, whatever the reasons.</summary>
        internal bool IsSameAs(Content other) =>
            Text is null || other.Text is null ? Text == other.Text : Text.AsSpan().SequenceEqual(other.Text);
    }

    [LoggerMessage(41, LogLevel.Error, "the configuration stays as it was: {Reason}")]
    private partial void LogRefused(string reason);
}
