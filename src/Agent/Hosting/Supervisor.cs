using System.Collections.Immutable;
using Agent.Metrics;
using Agent.Tasks;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>Runs the agent's tasks independently of each other: the failure of one does not affect the others.</summary>
/// <param name="time">The clock of retry delays.</param>
/// <param name="logger">Logs when a task begins to fail, and when it works again.</param>
internal sealed partial class Supervisor(TimeProvider time, ILogger<Supervisor> logger) : IDisposable
{
    private static readonly TimeSpan HangCheckInterval = TimeSpan.FromSeconds(5);

    // One change at a time; statistics and states are read at any time.
    private readonly SemaphoreSlim _changing = new(1, 1);
    private readonly CancellationTokenSource _ending = new();
    // Kept for good: the counters of a task that a reload removes and a later one brings back must not fall.
    private readonly Dictionary<string, TaskCounters> _counters = [];
    private ImmutableArray<RunningTask> _permanent = [];
    private volatile ImmutableList<RunningTask> _running = [];
    private volatile bool _stopped;

    /// <summary>Raised when the agent has to end, with the reason.</summary>
    internal event Action<Exception>? AgentMustEnd;

    /// <summary>Raised when a task begins or ceases to fail, and when there are other tasks.</summary>
    internal event Action? StateChanged;

    /// <summary>Whether each task that gates readiness has succeeded or failed at least once.</summary>
    internal bool HasReported => _running is { IsEmpty: false } running && running.All(task => task.HasReported || !task.Supervised.GatesReadiness);

    /// <summary>Whether a task hangs.</summary>
    internal bool Hangs => _running.Any(task => task.Hangs);

    /// <summary>The tasks that do not work at the moment, and why, one line each.</summary>
    internal IEnumerable<string> LastErrors => _running.Select(task => task.LastError).OfType<string>();

    internal ImmutableArray<TaskStatistics> Statistics => [.. _running.Select(task => task.Counters.ToStatistics())];

    /// <summary>Adds tasks that run beside all others until the agent ends, started with the first <see cref="ReplaceAsync"/>.</summary>
    internal void AddPermanent(params IEnumerable<SupervisedTask> tasks) =>
        _permanent = [.. _permanent, .. tasks.Select(task => Successor(null, task))];

    /// <summary>The running task that goes on in place of a new one of its name and identity; else the new one.</summary>
    internal TTask RunningOrNew<TTask>(TTask wanted)
        where TTask : SupervisedTask =>
        _running.Find(running => running.Supervised.Name == wanted.Name)?.Supervised is TTask known && known.Identity.Equals(wanted.Identity)
            ? known
            : wanted;

    /// <summary>
    /// Replaces all tasks but the permanent ones. A task of the same name and an equal identity goes on undisturbed. A task of the same name and
    /// another identity takes the place of the former one after that has ended; its counters go on.
    /// </summary>
    /// <returns>False when the agent ends, and nothing has changed.</returns>
    internal async Task<bool> ReplaceAsync(IReadOnlyList<SupervisedTask> wanted)
    {
        try
        {
            // The reload task calls this, and StopAsync waits for the reload task: this must not wait for StopAsync.
            await _changing.WaitAsync(_ending.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }

        try
        {
            if (_stopped)
            {
                return false;
            }

            ImmutableList<RunningTask> former = _running.RemoveRange(_permanent);
            Dictionary<string, RunningTask> formerByName = former.ToDictionary(running => running.Supervised.Name);
            RunningTask[] next = new RunningTask[wanted.Count];
            List<RunningTask> ending = [.. former];
            for (int i = 0; i < next.Length; i++)
            {
                RunningTask? known = formerByName.GetValueOrDefault(wanted[i].Name);
                bool stays = known is not null && known.Supervised.Identity.Equals(wanted[i].Identity);
                next[i] = stays ? known! : Successor(known, wanted[i]);
                if (stays)
                {
                    ending.Remove(known!);
                }
            }

            _running = [.. next, .. _permanent];
            foreach (RunningTask task in _permanent)
            {
                Begin(task, null);
            }

            foreach (RunningTask task in next.Where(task => !formerByName.ContainsKey(task.Supervised.Name)))
            {
                Begin(task, null);
            }

            await Task.WhenAll(ending.Select(async gone =>
            {
                await StopAsync(gone);
                if (Array.Find(next, task => task.Supervised.Name == gone.Supervised.Name) is { } successor)
                {
                    Begin(successor, gone);
                }
            }));
            StateChanged?.Invoke();
            return true;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Stops all tasks at the same time. No task is started after that.</summary>
    internal async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _stopped, true))
        {
            return;
        }

        await _ending.CancelAsync();
        await _changing.WaitAsync();
        try
        {
            await Task.WhenAll(_running.Select(StopAsync));
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Looks for tasks that hang every few seconds, and reports them like any failure.</summary>
    internal void WatchForHangs(CancellationToken stopping)
    {
        IntervalTimer timer = new(HangCheckInterval, time);
        long before = time.GetTimestamp();
        while (timer.Wait(stopping))
        {
            long now = time.GetTimestamp();
            // If this check is late, the whole agent stood still: every step looks too long then, and the check after it may come too soon.
            TimeSpan since = time.GetElapsedTime(before, now);
            if (since > HangCheckInterval * 0.5 && since < HangCheckInterval * 1.5)
            {
                _running.ForEach(task => task.ReportHang());
            }

            before = now;
        }
    }

    public void Dispose()
    {
        _changing.Dispose();
        _ending.Dispose();
    }

    private async Task StopAsync(RunningTask task)
    {
        if (await task.StopAsync())
        {
            task.Dispose();
        }
        else
        {
            LogDoesNotEnd(task.Supervised.Name);
        }
    }

    private RunningTask Successor(RunningTask? former, SupervisedTask task) => new(
        task,
        CountersOf(task.Name),
        former is null ? null : RestartReason.Reload,
        time,
        logger,
        failure => AgentMustEnd?.Invoke(failure),
        () => StateChanged?.Invoke());

    private TaskCounters CountersOf(string name)
    {
        if (!_counters.TryGetValue(name, out TaskCounters? counters))
        {
            _counters[name] = counters = new TaskCounters(name);
        }

        return counters;
    }

    private void Begin(RunningTask task, RunningTask? former)
    {
        if (former is { HasEnded: true })
        {
            task.Supervised.TakeOver(former.Supervised);
        }

        if (!_stopped)
        {
            task.EnsureStarted();
        }
    }

    [LoggerMessage(3, LogLevel.Warning, "the task {Name} did not stop in time; it runs until the agent ends")]
    private partial void LogDoesNotEnd(string name);
}
