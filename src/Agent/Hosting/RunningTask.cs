using Agent.Configuration;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>A task and its life: it is run, and after each failure run again, until it is told to end.</summary>
/// <param name="task">The task.</param>
/// <param name="counters">Those of its name.</param>
/// <param name="startedFor">Why it is started in the place of another one; null where there was none.</param>
/// <param name="time">The clock of pauses and of signs of life.</param>
/// <param name="logger">Is told when it begins to fail, and when it works again.</param>
/// <param name="endAgent">Is told why the agent must not go on.</param>
/// <param name="changed">Is called when it works, or does not, and it was otherwise before.</param>
internal sealed partial class RunningTask(
    SupervisedTask task,
    TaskCounters counters,
    string? startedFor,
    TimeProvider time,
    ILogger<Supervisor> logger,
    Action<Exception> endAgent,
    Action changed) : IDisposable
{
    private static readonly TimeSpan LongestGivingBack = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private Task? _life;
    private volatile string? _trouble;
    private volatile bool _hasTurned;
    private volatile bool _isRunning;
    private bool _isKnownToHang;
    private long _lastSign = time.GetTimestamp();

    internal SupervisedTask What => task;

    internal TaskCounters Counters => counters;

    /// <summary>Why it cannot do what it is there for, in one line; null when it can.</summary>
    internal string? Trouble => _trouble;

    /// <summary>Whether it has worked or failed at least once.</summary>
    internal bool HasTurned => _hasTurned;

    /// <summary>Whether it runs and has given no sign of life for longer than it may.</summary>
    internal bool Hangs => _isRunning
        && task.LongestSilence is { } longest
        && task.SilentSince(Volatile.Read(ref _lastSign)) is { } since
        && time.GetElapsedTime(since) > longest;

    /// <summary>Makes a failure of it that it hangs, where it does; it is not started again, for nobody can end it.</summary>
    internal void TellWhereItHangs()
    {
        if (Hangs && !Interlocked.Exchange(ref _isKnownToHang, true))
        {
            string reason = $"it has given no sign of life for {Duration.Format(task.LongestSilence!.Value)}";
            if (_trouble is null && !task.TellsItself)
            {
                LogHangs(task.Duty, reason);
            }

            Fail(new TimeoutException(reason), reason);
        }
    }

    /// <summary>Whether it does not run, and will not by itself.</summary>
    internal bool HasEnded => _life is null or { IsCompleted: true };

    /// <summary>Begins its life where it has not begun. Whatever it begins with holds up nobody else.</summary>
    internal void EnsureStarted() => _life ??= Task.Run(LiveAsync);

    /// <summary>Tells it to end, and waits for that as long as it may take.</summary>
    /// <returns>Whether it has ended, and given back what it had.</returns>
    internal async Task<bool> StopAsync()
    {
        await _stopping.CancelAsync();
        // By the clock of the machine: this is about threads, not about what the agent takes for time.
        Task life = _life ?? Task.CompletedTask;
        await Task.WhenAny(life, Task.Delay(task.LongestEnd));
        // What it gives back may be what it waits for; and a disk that is dead takes its time for that, too.
        Task end = Task.Run(task.End);
        await Task.WhenAny(Task.WhenAll(life, end), Task.Delay(LongestGivingBack));
        return HasEnded && end.IsCompleted;
    }

    /// <summary>Once it has ended.</summary>
    public void Dispose() => _stopping.Dispose();

    private async Task LiveAsync()
    {
        try
        {
            Exception? failure = (await RunAsync(startedFor)).Failure;
            while (true)
            {
                // One that has worked since it failed last is at its first pause again.
                await Backoff.Create(task.FirstPause, task.LongestPause, time).ExecuteAsync(
                    async _ =>
                    {
                        if (Interlocked.Exchange(ref failure, null) is { } former)
                        {
                            throw former;
                        }

                        (Exception next, bool hasWorked) = await RunAsync(RestartReason.Failure);
                        failure = hasWorked ? next : throw next;
                    },
                    _stopping.Token);
            }
        }
        catch when (_stopping.IsCancellationRequested)
        {
            // It was told to end. Where that comes just as it fails, what comes out here is its failure.
        }
        catch (Exception defect)
        {
            // Of the supervisor itself: better no agent than one whose tasks have gone unnoticed.
            endAgent(defect);
        }
    }

    /// <summary>Runs it once.</summary>
    /// <returns>Why it failed, and whether it had worked before.</returns>
    /// <exception cref="OperationCanceledException">It was told to end, or the agent is.</exception>
    private async Task<(Exception Failure, bool HasWorked)> RunAsync(string? restartedFor)
    {
        bool hasWorked = false;
        Exception failure = await FailureAsync(restartedFor, () => hasWorked = true);
        if (!_stopping.IsCancellationRequested && task.IsFatal(failure))
        {
            endAgent(failure);
            await _stopping.CancelAsync();
        }

        _stopping.Token.ThrowIfCancellationRequested();
        Fails(failure);
        return (failure, hasWorked);
    }

    private async Task<Exception> FailureAsync(string? restartedFor, Action hasWorked)
    {
        counters.Start(restartedFor);
        Sign();
        _isRunning = true;
        try
        {
            await task.RunAsync(
                () =>
                {
                    hasWorked();
                    Works();
                },
                _stopping.Token);
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

    private void Sign() => Volatile.Write(ref _lastSign, time.GetTimestamp());

    private void Works()
    {
        Sign();
        if (_hasTurned && _trouble is null)
        {
            return;
        }

        Volatile.Write(ref _isKnownToHang, false);

        if (_trouble is not null && !task.TellsItself)
        {
            LogCanAgain(task.Duty);
        }

        _trouble = null;
        _hasTurned = true;
        changed();
    }

    private void Fails(Exception failure)
    {
        string reason = ReasonOf(failure);
        if (_trouble is null && !task.TellsItself)
        {
            LogCannot(task.Duty, reason, Duration.Format(task.LongestPause));
        }

        Fail(failure, reason);
    }

    private void Fail(Exception failure, string reason)
    {
        counters.Fail(failure);
        _trouble = $"cannot {task.Duty}: {reason}";
        _hasTurned = true;
        changed();
    }

    /// <summary>What is not among the known kinds may have a message that says little without its type.</summary>
    private static string ReasonOf(Exception failure) => failure is TaskEndedException || ErrorType.Of(failure) != "other"
        ? failure.Message
        : UnexpectedFailure.Describe(failure);

    [LoggerMessage(1, LogLevel.Error, "cannot {Duty}: {Reason}; trying again, within {LongestPause} each time")]
    private partial void LogCannot(string duty, string reason, string longestPause);

    [LoggerMessage(4, LogLevel.Error, "cannot {Duty}: {Reason}; nothing but the end of the agent ends it: restart the agent if it does not go on")]
    private partial void LogHangs(string duty, string reason);

    [LoggerMessage(2, LogLevel.Information, "can {Duty} again")]
    private partial void LogCanAgain(string duty);
}
