using System.Collections.Immutable;
using Agent.Metrics;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>Runs the agent's tasks, each by itself: what one of them suffers the others do not notice.</summary>
/// <param name="time">The clock of pauses and of signs of life.</param>
/// <param name="logger">Is told when a task begins to fail, and when it works again.</param>
internal sealed partial class Supervisor(TimeProvider time, ILogger<Supervisor> logger) : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    // One change at a time; figures and states are read at any time.
    private readonly SemaphoreSlim _changing = new(1, 1);
    private readonly CancellationTokenSource _ending = new();
    // One of a name for good: a task that a reload removes and a later one brings back counts on, for the registry never has a counter fall.
    private readonly Dictionary<string, TaskCounters> _counters = [];
    private volatile ImmutableList<RunningTask> _running = [];
    private volatile bool _stopped;

    /// <summary>The agent must not go on, for this reason.</summary>
    internal event Action<Exception>? AgentMustEnd;

    /// <summary>A task works, or does not, and it was otherwise before.</summary>
    internal event Action? StateChanged;

    /// <summary>Whether each task that is awaited has worked or failed at least once.</summary>
    internal bool HasTurned => _running is { IsEmpty: false } running && running.All(task => task.HasTurned || !task.What.IsAwaited);

    /// <summary>Whether a task gives no sign of life.</summary>
    internal bool Hangs => _running.Any(task => task.Hangs);

    /// <summary>What tasks cannot do at the moment, and why, one line each.</summary>
    internal IEnumerable<string> Troubles => _running.Select(task => task.Trouble).OfType<string>();

    internal ImmutableArray<TaskFigures> Figures => [.. _running.Select(task => task.Counters.ToFigures())];

    /// <summary>
    /// From now on these tasks run, and no others. One that runs already and would do the same goes on undisturbed; one that differs takes the
    /// place of the one with its name, and counts on. None waits for the end of another one than that.
    /// </summary>
    /// <returns>False when the agent ends, and nothing has changed.</returns>
    internal async Task<bool> ReplaceAsync(IReadOnlyList<SupervisedTask> wanted)
    {
        try
        {
            // Not for the end of all tasks, which waits for the one that asks for this.
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

            ImmutableList<RunningTask> former = _running;
            Dictionary<string, RunningTask> formerByName = former.ToDictionary(running => running.What.Name);
            RunningTask[] next = new RunningTask[wanted.Count];
            List<RunningTask> ending = [.. former];
            for (int i = 0; i < next.Length; i++)
            {
                RunningTask? known = formerByName.GetValueOrDefault(wanted[i].Name);
                bool stays = known is not null && known.What.Identity.Equals(wanted[i].Identity);
                next[i] = stays ? known! : Successor(known, wanted[i]);
                if (stays)
                {
                    ending.Remove(known!);
                }
            }

            _running = [.. next];
            foreach (RunningTask task in next.Where(task => !formerByName.ContainsKey(task.What.Name)))
            {
                Begin(task, null);
            }

            await Task.WhenAll(ending.Select(async gone =>
            {
                await StopAsync(gone);
                if (Array.Find(next, task => task.What.Name == gone.What.Name) is { } successor)
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

    /// <summary>Ends all tasks, at the same time; none is started any more.</summary>
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

    /// <summary>Looks for tasks that hang, every few seconds, and tells of them as of any failure.</summary>
    internal void WatchWhatHangs(CancellationToken stopping)
    {
        Pacemaker pacemaker = new(Look, time);
        long before = time.GetTimestamp();
        while (pacemaker.Wait(stopping))
        {
            long now = time.GetTimestamp();
            // Where a look is late the agent stood still, and everybody's silence is longer than it is; the next one may come too soon after that.
            TimeSpan since = time.GetElapsedTime(before, now);
            if (since > Look * 0.5 && since < Look * 1.5)
            {
                _running.ForEach(task => task.TellWhereItHangs());
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
            LogDoesNotEnd(task.What.Name);
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
            task.What.TakeOver(former.What);
        }

        if (!_stopped)
        {
            task.EnsureStarted();
        }
    }

    [LoggerMessage(3, LogLevel.Warning, "the task {Name} does not end; it is left to itself")]
    private partial void LogDoesNotEnd(string name);
}
