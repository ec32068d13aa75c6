using Agent.Metrics;
using Agent.Readings;
using Agent.Tasks;
using Agent.Watching;
using Microsoft.Extensions.Logging;

namespace Agent.Publishing;

/// <summary>Writes the textfile after each round of censuses, and removes it when the agent ends.</summary>
/// <param name="textfile">The file.</param>
/// <param name="store">The readings.</param>
/// <param name="exposition">Renders them, for this publisher alone.</param>
/// <param name="interval">The interval of the censuses now; a write that failed is tried again as often.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs what an operator should mend.</param>
internal sealed partial class TextfilePublisher(
    Textfile textfile, Store store, SnapshotExposition exposition, Func<TimeSpan> interval, TimeProvider time, ILogger<TextfilePublisher> logger)
    : Publisher
{
    private static readonly TimeSpan LongestWrite = TimeSpan.FromSeconds(10);

    private readonly StepTimer _write = new(time);
    private bool _hasWarnedOfWriters;

    internal override string Name => "textfile";

    internal override string Duty => $"write {textfile.FilePath}";

    internal override string Activity => $"writing {textfile.FilePath}";

    internal override object Identity => textfile.FilePath;

    internal override TimeSpan LongestRetryDelay => RetryDelayFor(interval());

    internal override TimeSpan? HangTimeout => LongestWrite;

    // Waiting for a census is not hanging, however long it takes.
    internal override bool IsHanging => _write.IsLongerThan(LongestWrite);

    internal override Task RunAsync(Action succeeded, CancellationToken stopping) => DedicatedThread.RunAsync(() => Run(succeeded, stopping));

    internal override bool IsFatal(Exception failure) => failure is TextfileTakenException;

    internal override void Release()
    {
        try
        {
            textfile.Remove();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            LogCannotRemove(textfile.FilePath, failure.Message);
        }
    }

    private void Run(Action succeeded, CancellationToken stopping)
    {
        // A new reader has seen nothing: after a failed write, the restarted task writes what there is and does not wait for another census.
        using StoreReader reader = store.OpenReader();
        while (reader.Wait(stopping) is { } view)
        {
            Write(view);
            if (!stopping.IsCancellationRequested)
            {
                succeeded();
            }
        }
    }

    private void Write(StoreView view)
    {
        ReadOnlyMemory<byte> text = exposition.Render(Snapshot.Of(view));
        using (_write.Begin())
        {
            textfile.Write(text.Span);
        }

        if (textfile.Danger is { } danger && !_hasWarnedOfWriters)
        {
            _hasWarnedOfWriters = true;
            LogOthersMayReplace(textfile.FilePath, danger);
        }
    }

    [LoggerMessage(5, LogLevel.Warning, "other users can replace {Path}: {Reason}")]
    private partial void LogOthersMayReplace(string path, string reason);

    [LoggerMessage(12, LogLevel.Error, "could not remove the stale file {Path}: {Reason}; remove it by hand if it stays")]
    private partial void LogCannotRemove(string path, string reason);
}
