using Agent.Configuration;
using Agent.Configuration.File;
using Agent.Publishing;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>
/// Reads the configuration anew when it is asked to, and when the file is another one, however it was replaced. Of a file that is being written
/// nothing is believed before it was the same for a second; of one that is not valid, nothing at all. What was compared is what is applied: the
/// file may have changed again meanwhile, and that is seen the next time.
/// </summary>
/// <param name="source">What was read at the start.</param>
/// <param name="read">Makes all settings of what stands in the file.</param>
/// <param name="apply">Makes the agent go by them; throws where it cannot, and is false when the agent ends.</param>
/// <param name="state">What comes of it, for metrics.</param>
/// <param name="serviceManager">Is told when it begins and when it is over.</param>
/// <param name="asked">Is set by whoever wants the file to be read.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Is told what comes of it.</param>
internal sealed partial class ReloadTask(
    ConfigurationSource source,
    Func<byte[], Settings> read,
    Func<Settings, Task<bool>> apply,
    ReloadState state,
    ServiceManager serviceManager,
    AutoResetEvent asked,
    TimeProvider time,
    ILogger<ReloadTask> logger) : SupervisedTask
{
    internal static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    // What was there when it was tried last, and what was seen since.
    private Content _tried = new(source.Text.ToArray(), null);
    private Content _seen = new(source.Text.ToArray(), null);

    internal override string Name => "reload";

    internal override string Duty => $"look for changes of {source.Path}";

    internal override object Identity => source.Path;

    internal override TimeSpan LongestPause => TimeSpan.FromMinutes(1);

    internal override Task RunAsync(Action works, CancellationToken stopping) => OwnThread.RunAsync(() => Run(works, stopping));

    private void Run(Action works, CancellationToken stopping)
    {
        while (true)
        {
            works();
            long next = time.GetTimestamp() + (long)(Period.TotalSeconds * time.TimestampFrequency);
            WaitEnd ended = time.WaitUntil(next, stopping, asked);
            if (ended == WaitEnd.Stopping)
            {
                return;
            }

            Content content = TryRead();
            bool isSettled = content.IsSameAs(_seen);
            _seen = content;
            if (ended == WaitEnd.Signal || (isSettled && !content.IsSameAs(_tried)))
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
                state.Succeeded(time.GetUtcNow());
                LogReloaded(string.Join(", ", settings.Effective));
            }
        }
        catch (Exception wrong) when (wrong is ConfigurationException or TextfileTakenException)
        {
            state.Failed();
            LogRefused(wrong.Message);
        }
        catch
        {
            state.Failed();
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

    /// <summary>What stood in the file, or why it could not be read.</summary>
    private readonly record struct Content(byte[]? Text, string? Failure)
    {
        /// <summary>Whether the text is the same; two that could not be read are, whatever the reasons.</summary>
        internal bool IsSameAs(Content other) =>
            Text is null || other.Text is null ? Text == other.Text : Text.AsSpan().SequenceEqual(other.Text);
    }

    [LoggerMessage(40, LogLevel.Information, "the configuration was read anew: {Settings}")]
    private partial void LogReloaded(string settings);

    [LoggerMessage(41, LogLevel.Error, "the configuration stays as it was: {Reason}")]
    private partial void LogRefused(string reason);
}
