using Agent.Hosting;
using Agent.Metrics;
using Agent.Tasks;
using Testing;

namespace Agent.Tests.Hosting;

/// <summary>Tasks that fail, end and hang, on a clock that the test sets.</summary>
public sealed class SupervisorTests : IAsyncDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly ManualTime _time = new();
    private readonly RecordingLogger<Supervisor> _log = new();
    private readonly Supervisor _supervisor;

    public SupervisorTests() => _supervisor = new Supervisor(_time, _log);

    public async ValueTask DisposeAsync()
    {
        await _supervisor.StopAsync();
        _supervisor.Dispose();
    }

    [Fact]
    public async Task Failing_task_is_restarted_after_growing_pauses_and_logged_once()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await Started(task, 1);
        List<TimeSpan> pauses = [];
        for (int failure = 1; failure <= 24; failure++)
        {
            task.Fail("broken");
            await Poll.Until(() => _time.Waiting == 1, "the task waits for its restart");
            Assert.False(_supervisor.Statistics[0].IsRunning);
            pauses.Add(_time.UntilNext!.Value);
            _time.Leap(LongestPause);
            await Started(task, failure + 1);
        }

        Assert.All(pauses, pause => Assert.InRange(pause, TimeSpan.FromTicks(1), LongestPause));
        Assert.True(pauses[0] < TimeSpan.FromSeconds(5), $"the first pause must be short, and is {pauses[0]}");
        // The jitter shortens some pauses until the pauses are the longest.
        Assert.All(pauses[16..], pause => Assert.Equal(LongestPause, pause));
        task.Succeed();
        await Poll.Until(() => !_supervisor.LastErrors.Any(), "the task succeeds");
        Assert.Equal(["Error: cannot do one: broken; trying again, within 1m each time", "Information: can do one again"], _log.Lines);
        HasStatistics(task, starts: 25, restarts: 24, failures: [new("io", 24)]);
    }

    [Fact]
    public async Task Pause_is_short_again_after_a_success()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        for (int run = 1; run <= 10; run++)
        {
            await Started(task, run);
            task.Succeed();
            await Poll.Until(() => _supervisor.HasReported && !_supervisor.LastErrors.Any(), "the task succeeds");
            task.Fail("broken");
            await Poll.Until(() => _time.Waiting == 1, "the task waits for its restart");
            Assert.InRange(_time.UntilNext!.Value, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(5));
            _time.Leap(_time.UntilNext.Value);
        }

        await Started(task, 11);
        Assert.Equal(19, _log.Lines.Count);
    }

    [Fact]
    public async Task Longest_retry_delay_is_asked_for_at_each_failure()
    {
        FakeTask task = new("one") { Time = _time, Longest = TimeSpan.FromMinutes(1) };
        await _supervisor.ReplaceAsync([task]);
        for (int failure = 1; failure <= 10; failure++)
        {
            await Started(task, failure);
            task.Fail("broken");
            await Poll.Until(() => _time.Waiting == 1, "it waits for the restart");
            _time.Leap(LongestPause);
        }

        await Started(task, 11);
        task.Longest = TimeSpan.FromSeconds(2);
        task.Fail("broken");
        await Poll.Until(() => _time.Waiting == 1, "it waits for the restart");
        Assert.Equal(TimeSpan.FromSeconds(2), _time.UntilNext);
    }

    [Fact]
    public async Task Restarted_task_hangs_only_after_its_own_timeout()
    {
        FakeTask task = new("one") { Time = _time, AlwaysHangs = true };
        await _supervisor.ReplaceAsync([task]);
        await Started(task, 1);
        Assert.False(_supervisor.Hangs);
        _time.Leap(TimeSpan.FromSeconds(11));
        Assert.True(_supervisor.Hangs);
    }

    [Fact]
    public async Task Failing_task_does_not_disturb_other_tasks()
    {
        FakeTask good = new("good");
        FakeTask bad = new("bad");
        await _supervisor.ReplaceAsync([good, bad]);
        for (int failure = 1; failure <= 5; failure++)
        {
            await Started(bad, failure);
            bad.Fail("broken");
            await Poll.Until(() => _time.Waiting == 1, "the failing task waits for its restart");
            bool hasRun = false;
            good.Do(() => hasRun = true);
            await Poll.Until(() => Volatile.Read(ref hasRun), "the other task runs");
            _time.Leap(LongestPause);
        }

        HasStatistics(good, starts: 1, restarts: 0, failures: []);
        Assert.Equal(["cannot do bad: broken"], _supervisor.LastErrors);
    }

    [Fact]
    public async Task Task_that_ends_by_itself_has_failed()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await Started(task, 1);
        task.Do(FakeTask.EndByItself);
        await Poll.Until(() => _time.Waiting == 1, "the task waits for its restart");
        Assert.Equal(["Error: cannot do one: it ended by itself; trying again, within 1m each time"], _log.Lines);
        HasStatistics(task, starts: 1, restarts: 0, failures: [new("ended", 1)]);
    }

    [Fact]
    public async Task Unexpected_exception_is_a_failure_that_is_named_by_its_type()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await Started(task, 1);
        task.Do(() => throw new InvalidOperationException("a defect"));
        await Poll.Until(() => _time.Waiting == 1, "the task waits for its restart");
        Assert.StartsWith("Error: cannot do one: InvalidOperationException: a defect; ", _log.Lines[0]);
        HasStatistics(task, starts: 1, restarts: 0, failures: [new("other", 1)]);
    }

    [Fact]
    public async Task Fatal_failure_ends_the_agent_without_a_retry()
    {
        List<Exception> reasons = [];
        _supervisor.AgentMustEnd += reasons.Add;
        FakeTask task = new("one") { Time = _time, Fatal = failure => failure is IOException };
        await _supervisor.ReplaceAsync([task]);
        await Started(task, 1);
        task.Fail("fatal");
        await Poll.Until(() => reasons.Count == 1, "the agent must end");
        Assert.Equal("fatal", reasons[0].Message);
        Assert.Empty(_log.Lines);
        Assert.Null(_time.UntilNext);
    }

    [Fact]
    public async Task Supervisor_has_reported_when_each_task_has_succeeded_or_failed()
    {
        Assert.False(_supervisor.HasReported);
        FakeTask succeeding = new("succeeding");
        FakeTask failing = new("failing");
        await _supervisor.ReplaceAsync([succeeding, failing]);
        await Started(failing, 1);
        succeeding.Succeed();
        Assert.False(_supervisor.HasReported);
        failing.Fail("broken");
        await Poll.Until(() => _supervisor.HasReported, "both tasks have reported");
    }

    [Fact]
    public async Task Task_without_progress_hangs_and_a_task_that_waits_for_its_restart_does_not()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await Started(task, 1);
        task.Succeed();
        await Poll.Until(() => _supervisor.HasReported, "the task succeeds");
        _time.Leap(TimeSpan.FromSeconds(10));
        Assert.False(_supervisor.Hangs);
        _time.Leap(TimeSpan.FromSeconds(1));
        Assert.True(_supervisor.Hangs);

        task.Fail("broken");
        await Poll.Until(() => !_supervisor.Hangs, "the task has failed");
    }

    [Fact]
    public async Task Hanging_task_has_failed_once_and_its_recovery_is_logged()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await Started(task, 1);
        task.Succeed();
        await Poll.Until(() => _supervisor.HasReported, "the task succeeds");
        await using HangWatch hangWatch = new(_supervisor);
        foreach (int seconds in (int[])[0, 5, 5])
        {
            await CheckAfter(seconds);
            Assert.Empty(_log.Lines);
        }

        await CheckAfter(5);
        await CheckAfter(5);
        Assert.StartsWith("Error: cannot do one: no sign of life for 10s; it is stuck: ", Assert.Single(_log.Lines));
        HasStatistics(task, starts: 1, restarts: 0, failures: [new("timeout", 1)]);

        task.Succeed();
        await Poll.Until(() => _log.Lines.Count == 2, "the task continues");
        Assert.Equal("Information: can do one again", _log.Lines[1]);
    }

    [Fact]
    public async Task Suspended_machine_is_not_taken_for_a_hanging_task()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await Started(task, 1);
        await using HangWatch hangWatch = new(_supervisor);
        await CheckAfter(0);
        await CheckAfter(3604);
        Assert.Empty(_log.Lines);
        await CheckAfter(1);
        Assert.Empty(_log.Lines);
        await CheckAfter(5);
        Assert.StartsWith("Error: cannot do one: no sign of life for 10s", Assert.Single(_log.Lines));
    }

    [Fact]
    public async Task Task_that_blocks_its_caller_does_not_delay_other_tasks()
    {
        using ManualResetEvent holding = new(false);
        FakeTask other = new("other");
        await _supervisor.ReplaceAsync([new BlockingTask(holding), other]);
        await Started(other, 1);
        holding.Set();
    }

    [Fact]
    public async Task Stopped_supervisor_starts_no_task()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await _supervisor.StopAsync();
        Assert.True(task.IsReleased);
        FakeTask late = new("late");
        await _supervisor.ReplaceAsync([late]);
        Assert.Equal(0, late.Runs);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Stop_at_the_moment_of_a_failure_is_not_a_failure_of_the_agent(int failures)
    {
        List<Exception> reasons = [];
        _supervisor.AgentMustEnd += reasons.Add;
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await Started(task, 1);
        for (int failure = 1; failure < failures; failure++)
        {
            task.Fail("broken");
            await Poll.Until(() => _time.Waiting == 1, "the task waits for its restart");
            _time.Leap(LongestPause);
            await Started(task, failure + 1);
        }

        Task? end = null;
        _supervisor.StateChanged += () =>
        {
            end = _supervisor.StopAsync();
            Assert.True(task.Stopping.WaitHandle.WaitOne(Poll.Timeout));
        };
        task.Fail("broken");
        await Poll.Until(() => end is not null, "the task has failed");
        await end!;
        Assert.Empty(reasons);
    }

    [Fact]
    public async Task Task_that_replaces_tasks_during_the_stop_does_not_block_it()
    {
        using ManualResetEvent ending = new(false);
        FakeTask late = new("late");
        AskingTask asking = new(_supervisor, ending, late);
        await _supervisor.ReplaceAsync([asking]);
        await Poll.Until(() => asking.HasStarted, "the task runs");
        Task end = _supervisor.StopAsync();
        ending.Set();
        await end.WaitAsync(Poll.Timeout, TestContext.Current.CancellationToken);
        Assert.False(asking.Answer);
        Assert.Equal(0, late.Runs);
        Assert.Empty(_log.Lines);
    }

    /// <summary>Waits for an event and then replaces the tasks, like a reload. It ends only after the supervisor has answered.</summary>
    private sealed class AskingTask(Supervisor supervisor, WaitHandle signal, SupervisedTask other) : SupervisedTask
    {
        internal bool HasStarted { get; private set; }

        internal bool? Answer { get; private set; }

        internal override string Name => "asking";

        internal override string Duty => "ask";

        internal override object Identity => this;

        internal override TimeSpan LongestRetryDelay => TimeSpan.FromMinutes(1);

        internal override TimeSpan StopTimeout => Poll.Timeout / 2;

        internal override async Task RunAsync(Action succeeded, CancellationToken stopping)
        {
            HasStarted = true;
            signal.WaitOne();
            Answer = await supervisor.ReplaceAsync([this, other]);
        }
    }

    /// <summary>Blocks the thread that starts it.</summary>
    private sealed class BlockingTask(WaitHandle signal) : SupervisedTask
    {
        internal override string Name => "blocking";

        internal override string Duty => "block";

        internal override object Identity => this;

        internal override TimeSpan LongestRetryDelay => TimeSpan.FromMinutes(1);

        internal override Task RunAsync(Action succeeded, CancellationToken stopping)
        {
            signal.WaitOne();
            return Task.CompletedTask;
        }
    }

    /// <summary>Runs the supervisor's check for hanging tasks on its own thread.</summary>
    private sealed class HangWatch : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stopping = new();
        private readonly Task _run;

        internal HangWatch(Supervisor supervisor) => _run = DedicatedThread.RunAsync(() => supervisor.WatchForHangs(_stopping.Token));

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            await _run;
            _stopping.Dispose();
        }
    }

    /// <summary>Advances the clock and waits until the supervisor has checked for hanging tasks.</summary>
    private async Task CheckAfter(int seconds)
    {
        _time.Leap(TimeSpan.FromSeconds(seconds));
        await Poll.Until(() => _time.Waiting == 1, "the supervisor has checked the tasks");
    }

    private static Task Started(FakeTask task, int runs) => Poll.Until(() => task.Runs == runs, $"the task starts (start {runs})");

    private void HasStatistics(FakeTask task, long starts, long restarts, KeyValuePair<string, long>[] failures)
    {
        TaskStatistics statistics = _supervisor.Statistics.Single(some => some.Name == task.Name);
        Assert.Equal(starts, statistics.Starts);
        Assert.Equal([new("failure", restarts), new("reload", 0)], statistics.Restarts);
        Assert.Equal(failures, statistics.Failures);
    }
}
