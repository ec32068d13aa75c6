using Agent.Metrics;
using Agent.Publishing;
using Agent.Watching.Latest;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>Keeps the textfile true: writes it when the namespaces have been counted, and removes it in the end.</summary>
/// <param name="textfile">What is written.</param>
/// <param name="latest">What was counted.</param>
/// <param name="exposition">Renders it, for this task alone.</param>
/// <param name="interval">Tells how often is counted, for a write that failed to be tried again as often.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Is told of what an operator should mend.</param>
internal sealed partial class TextfileTask(
    Textfile textfile, LatestCounts latest, SnapshotExposition exposition, Func<TimeSpan> interval, TimeProvider time, ILogger<TextfileTask> logger)
    : SupervisedTask
{
    private static readonly TimeSpan LongestWrite = TimeSpan.FromSeconds(10);

    private bool _hasWarnedOfWriters;
    private bool _isOwed;
    private long _writingSince;

    internal override string Name => "textfile";

    internal override string Duty => $"write {textfile.FilePath}";

    internal override object Identity => textfile.FilePath;

    internal override TimeSpan LongestPause => Within(interval());

    internal override TimeSpan? LongestSilence => LongestWrite;

    // While it waits for a census, it does not hang, however long that takes.
    internal override long? SilentSince(long lastSign) => Volatile.Read(ref _writingSince) is not 0 and long since ? since : null;

    internal override Task RunAsync(Action works, CancellationToken stopping) => OwnThread.RunAsync(() => Run(works, stopping));

    internal override bool IsFatal(Exception failure) => failure is TextfileTakenException;

    // The census that this directory waits for may have gone into the former one.
    internal override void TakeOver(SupervisedTask former) => _isOwed = true;

    internal override void End()
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

    private void Run(Action works, CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            // What could not be written is tried again, and does not wait for another census.
            if (!_isOwed && !latest.TryEndRound(out long nextAt))
            {
                time.WaitUntil(nextAt, stopping, latest.Changed);
                continue;
            }

            _isOwed = true;
            Write();
            _isOwed = false;
            if (!stopping.IsCancellationRequested)
            {
                works();
            }
        }
    }

    private void Write()
    {
        ReadOnlyMemory<byte> text = exposition.Render(latest.Snapshot);
        Volatile.Write(ref _writingSince, time.GetTimestamp());
        try
        {
            textfile.Write(text.Span);
        }
        finally
        {
            Volatile.Write(ref _writingSince, 0);
        }

        if (textfile.Danger is { } danger && !_hasWarnedOfWriters)
        {
            _hasWarnedOfWriters = true;
            LogOthersMayReplace(textfile.FilePath, danger);
        }
    }

    [LoggerMessage(5, LogLevel.Warning, "other users can replace {Path}: {Reason}")]
    private partial void LogOthersMayReplace(string path, string reason);

    [LoggerMessage(12, LogLevel.Error, "cannot remove {Path}, whose numbers nobody renews now: {Reason}; remove it by hand if it stays")]
    private partial void LogCannotRemove(string path, string reason);
}
