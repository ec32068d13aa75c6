using System.Collections.Immutable;
using Agent.Metrics;
using Microsoft.Extensions.Logging;

namespace Agent.Supervision;

/// <summary>Runs the agent's tasks, each by itself: what one of them suffers the others do not notice.</summary>
/// <param name="time">The clock of pauses and of signs of life.</param>
/// <param name="logger">Is told when a task begins to fail, and when it works again.</param>
internal sealed partial class Supervisor(TimeProvider time, ILogger<Supervisor> logger) : IDisposable
{
    // One change at a time; figures and states are read at any time.
    private readonly SemaphoreSlim _changing = new(1, 1);
    private volatile ImmutableList<RunningTask> _running = [];
    private bool _stopped;

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
    /// place of the one with its name, and counts on.
    /// </summary>
    internal async Task ReplaceAsync(IReadOnlyList<SupervisedTask> wanted)
    {
        await _changing.WaitAsync();
        try
        {
            if (_stopped)
            {
                return;
            }

            ImmutableList<RunningTask> former = _running;
            Dictionary<SupervisedTask, RunningTask> staying = [];
            foreach (SupervisedTask task in wanted)
            {
                if (former.Find(running => IsSame(running.What, task)) is { } same)
                {
                    staying[task] = same;
                }
            }

            ImmutableList<RunningTask> ending = former.RemoveAll(staying.ContainsValue);
            await StopAsync(ending);
            ImmutableList<RunningTask> next = [.. wanted.Select(task => staying.GetValueOrDefault(task) ?? Successor(ending, task))];
            _running = next;
            next.ForEach(task => task.EnsureStarted());
            StateChanged?.Invoke();
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Ends all tasks, at the same time; none is started any more.</summary>
    internal async Task StopAsync()
    {
        await _changing.WaitAsync();
        try
        {
            if (!_stopped)
            {
                _stopped = true;
                await StopAsync(_running);
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    public void Dispose() => _changing.Dispose();

    private static bool IsSame(SupervisedTask running, SupervisedTask wanted) =>
        running.Name == wanted.Name && running.Identity.Equals(wanted.Identity);

    private async Task StopAsync(IEnumerable<RunningTask> tasks) => await Task.WhenAll(tasks.Select(async task =>
    {
        if (await task.StopAsync())
        {
            task.Dispose();
        }
        else
        {
            LogDoesNotEnd(task.What.Name);
        }
    }));

    private RunningTask Successor(ImmutableList<RunningTask> ended, SupervisedTask task)
    {
        RunningTask? former = ended.Find(running => running.What.Name == task.Name);
        if (former is { HasEnded: true })
        {
            task.TakeOver(former.What);
        }

        return new RunningTask(
            task,
            former?.Counters ?? new TaskCounters(task.Name),
            former is null ? null : RestartReason.Reload,
            time,
            logger,
            failure => AgentMustEnd?.Invoke(failure),
            () => StateChanged?.Invoke());
    }

    [LoggerMessage(3, LogLevel.Warning, "the task {Name} does not end; it is left to itself")]
    private partial void LogDoesNotEnd(string name);
}
