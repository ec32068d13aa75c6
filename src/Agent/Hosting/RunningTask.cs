using Agent.Configuration;
using Agent.Tasks;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace Agent.Hosting;

/// <summary>A task ended although no one stopped it.</summary>
internal sealed class TaskEndedException() : Exception("it ended by itself");

/// <summary>Runs a task, and runs it again after each failure, until it is stopped.</summary>
/// <param name="task">The task.</param>
/// <param name="counters">The counters of its name.</param>
/// <param name="startedFor">Why it starts in place of another one; null where there was none.</param>
/// <param name="time">The clock of retry delays.</param>
/// <param name="logger">Logs when the task begins to fail, and when it works again.</param>
/// <param name="endAgent">Ends the agent for a reason.</param>
/// <param name="changed">Called when the task begins or ceases to fail.</param>
internal sealed partial class RunningTask(
    SupervisedTask task,
    TaskCounters counters,
    string? startedFor,
    TimeProvider time,
    ILogger<Supervisor> logger,
    Action<Exception> endAgent,
    Action changed) : IDisposable
{
    private static readonly TimeSpan LongestRelease = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private Task? _run;
    private volatile string? _lastError;
    private volatile bool _hasReported;
    private volatile bool _isRunning;
    private volatile int _failuresInARow;
    private bool _hangWasReported;
    private long _startedAt;

    internal SupervisedTask Supervised => task;

    internal TaskCounters Counters => counters;

    /// <summary>Why the task does not work, in one line; null while it works.</summary>
    internal string? LastError => _lastError;

    /// <summary>Whether the task has succeeded or failed at least once.</summary>
    internal bool HasReported => _hasReported;

    /// <summary>Whether a step of the task takes longer than it may.</summary>
    internal bool Hangs => _isRunning && task.IsHanging && time.GetElapsedTime(Volatile.Read(ref _startedAt)) > task.HangTimeout;

    /// <summary>Whether the task does not run, and will not by itself.</summary>
    internal bool HasEnded => _run is null or { IsCompleted: true };

    /// <summary>Reports a hanging task as a failure, once. It is not restarted: a thread that hangs cannot be stopped.</summary>
    internal void ReportHang()
    {
        if (Hangs && !Interlocked.Exchange(ref _hangWasReported, true))
        {
            string reason = $"no sign of life for {Duration.Format(task.HangTimeout!.Value)}";
            if (_lastError is null && !task.LogsOwnFailures)
            {
                LogHangs(task.Duty, reason);
            }

            Fail(new TimeoutException(reason), reason);
        }
    }

    /// <summary>Starts the task if it has not been started. Its first step holds up no other task.</summary>
    internal void EnsureStarted() => _run ??= Task.Run(RunAsync);

    /// <summary>Stops the task, and waits for that as long as the task allows.</summary>
    /// <returns>Whether it stopped and released what it held.</returns>
    internal async Task<bool> StopAsync()
    {
        await _stopping.CancelAsync();
        // By the real clock: threads end by it, whatever clock the agent uses.
        Task run = _run ?? Task.CompletedTask;
        await Task.WhenAny(run, Task.Delay(task.StopTimeout));
        // A task that hangs may wait for something that it releases here; and on a dead disk the release may hang too.
        Task release = Task.Run(task.Release);
        await Task.WhenAny(
            Task.WhenAll(run, release), Task.Delay(LongestRelease));
        return HasEnded && release.IsCompleted;
    }

    /// <summary>Only after the task has ended.</summary>
    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync()
    {
        string? reason = startedFor;
        try
        {
            // The delays are asked for at each failure: the interval may have changed by a reload.
            ResiliencePipeline pipeline = Backoff.Create(
                () => Backoff.PauseAfter(_failuresInARow, task.FirstRetryDelay, task.LongestRetryDelay), time);
            await pipeline.ExecuteAsync(
                async _ =>
                {
                    string? restartedFor = reason;
                    reason = RestartReason.Failure;
                    throw await RunUntilFailureAsync(restartedFor);
                },
                _stopping.Token);
        }
        catch when (_stopping.IsCancellationRequested)
        {
            // It was stopped. If it failed at the same moment, this is its failure.
        }
        catch (Exception defect)
        {
            // A defect of the supervisor itself. An agent whose tasks have silently ended is worse than none.
            endAgent(defect);
        }
    }

    /// <returns>Why the task failed.</returns>
    /// <exception cref="OperationCanceledException">The task was stopped, or the agent has to end.</exception>
    private async Task<Exception> RunUntilFailureAsync(string? restartedFor)
    {
        Exception failure = await FailureAsync(restartedFor);
        if (!_stopping.IsCancellationRequested && task.IsFatal(failure))
        {
            endAgent(failure);
            await _stopping.CancelAsync();
        }

        _stopping.Token.ThrowIfCancellationRequested();
        _failuresInARow++;
        ReportFailure(failure);
        return failure;
    }

    private async Task<Exception> FailureAsync(string? restartedFor)
    {
        counters.Start(restartedFor);
        Volatile.Write(ref _startedAt, time.GetTimestamp());
        _isRunning = true;
        try
        {
            await task.RunAsync(ReportSuccess, _stopping.Token);
            return new TaskEndedException();
        }
        catch (Exception failure)
        {
            return failure;
        }
        finally
        {
            _isRunning = false;
            counters.End();
        }
    }

    private void ReportSuccess()
    {
        _failuresInARow = 0;
        if (_hasReported && _lastError is null)
        {
            return;
        }

        Volatile.Write(ref _hangWasReported, false);

        if (_lastError is not null && !task.LogsOwnFailures)
        {
            LogCanAgain(task.Duty);
        }

        _lastError = null;
        _hasReported = true;
        changed();
    }

    private void ReportFailure(Exception failure)
    {
        string reason = ReasonOf(failure);
        if (_lastError is null && !task.LogsOwnFailures)
        {
            LogCannot(task.Duty, reason, Duration.Format(task.LongestRetryDelay));
        }

        Fail(failure, reason);
    }

    private void Fail(Exception failure, string reason)
    {
        counters.Fail(failure);
        _lastError = $"cannot {task.Duty}: {reason}";
        _hasReported = true;
        changed();
    }

    /// <summary>The message of a failure; of an unexpected one with its type, for the message alone may say little.</summary>
    private static string ReasonOf(Exception failure) => failure is TaskEndedException || ErrorType.Of(failure) != "other"
        ? failure.Message
        : UnexpectedFailure.Describe(failure);

    [LoggerMessage(1, LogLevel.Error, "cannot {Duty}: {Reason}; trying again, within {LongestPause} each time")]
    private partial void LogCannot(string duty, string reason, string longestPause);

    [LoggerMessage(4, LogLevel.Error, "cannot {Duty}: {Reason}; it is stuck: restart the agent if it does not go on")]
    private partial void LogHangs(string duty, string reason);

    [LoggerMessage(2, LogLevel.Information, "can {Duty} again")]
    private partial void LogCanAgain(string duty);
}

/// <summary>
/// The pauses before a task that failed is started again. They grow with each failure in a row, and have jitter, so that the agents of a fleet do
/// not act at the same time.
/// </summary>
internal static class Backoff
{
    private const int MostDoublings = 30;

    /// <summary>Makes a pipeline that runs a task again after each failure, until it is cancelled.</summary>
    /// <param name="pause">Returns the pause after the latest failure.</param>
    /// <param name="time">The clock.</param>
    internal static ResiliencePipeline Create(Func<TimeSpan> pause, TimeProvider time) =>
        new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = int.MaxValue,
                DelayGenerator = _ => ValueTask.FromResult<TimeSpan?>(pause()),
                ShouldHandle = attempt => ValueTask.FromResult(
                    attempt.Outcome.Exception is not null && !attempt.Context.CancellationToken.IsCancellationRequested),
            })
            .Build();

    /// <param name="failuresInARow">How many failures have followed each other, at least 1.</param>
    /// <param name="first">About how long the first pause is.</param>
    /// <param name="longest">The longest pause.</param>
    internal static TimeSpan PauseAfter(int failuresInARow, TimeSpan first, TimeSpan longest)
    {
        double jitter = 0.5 + Random.Shared.NextDouble();
        TimeSpan pause = first * jitter * Math.Pow(2, Math.Min(failuresInARow - 1, MostDoublings));
        return pause < longest ? pause : longest;
    }
}
