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
    public async Task A_task_that_fails_is_started_again_after_growing_pauses_and_told_of_once()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await Running(task, 1);
        List<TimeSpan> pauses = [];
        for (int failure = 1; failure <= 24; failure++)
        {
            task.Fail("broken");
            await Poll.Until(() => _time.Waiting == 1, "it waits to be started again");
            Assert.False(_supervisor.Statistics[0].IsRunning);
            pauses.Add(_time.UntilNext!.Value);
            _time.Leap(LongestPause);
            await Running(task, failure + 1);
        }

        Assert.All(pauses, pause => Assert.InRange(pause, TimeSpan.FromTicks(1), LongestPause));
        Assert.True(pauses[0] < TimeSpan.FromSeconds(5), $"the first is short, and was {pauses[0]}");
        // The jitter may shorten one long after they have grown.
        Assert.All(pauses[16..], pause => Assert.Equal(LongestPause, pause));
        task.Work();
        await Poll.Until(() => !_supervisor.LastErrors.Any(), "it works");
        Assert.Equal(["Error: cannot do one: broken; trying again, within 1m each time", "Information: can do one again"], _log.Lines);
        IsCounted(task, starts: 25, restarts: 24, failures: [new("io", 24)]);
    }

    [Fact]
    public async Task Whoever_has_worked_since_is_at_the_first_pause_again()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        for (int run = 1; run <= 10; run++)
        {
            await Running(task, run);
            task.Work();
            await Poll.Until(() => _supervisor.HasReported && !_supervisor.LastErrors.Any(), "it works");
            task.Fail("broken");
            await Poll.Until(() => _time.Waiting == 1, "it waits to be started again");
            Assert.InRange(_time.UntilNext!.Value, TimeSpan.FromTicks(1), TimeSpan.FromSeconds(5));
            _time.Leap(_time.UntilNext.Value);
        }

        await Running(task, 11);
        Assert.Equal(19, _log.Lines.Count);
    }

    [Fact]
    public async Task Longest_retry_delay_is_asked_for_at_each_failure()
    {
        FakeTask task = new("one") { Time = _time, Longest = TimeSpan.FromMinutes(1) };
        await _supervisor.ReplaceAsync([task]);
        for (int failure = 1; failure <= 10; failure++)
        {
            await Running(task, failure);
            task.Fail("broken");
            await Poll.Until(() => _time.Waiting == 1, "it waits for the restart");
            _time.Leap(LongestPause);
        }

        await Running(task, 11);
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
        await Running(task, 1);
        Assert.False(_supervisor.Hangs);
        _time.Leap(TimeSpan.FromSeconds(11));
        Assert.True(_supervisor.Hangs);
    }

    [Fact]
    public async Task The_others_never_notice()
    {
        FakeTask good = new("good");
        FakeTask bad = new("bad");
        await _supervisor.ReplaceAsync([good, bad]);
        for (int failure = 1; failure <= 5; failure++)
        {
            await Running(bad, failure);
            bad.Fail("broken");
            await Poll.Until(() => _time.Waiting == 1, "the bad one waits");
            bool worked = false;
            good.Turn(() => worked = true);
            await Poll.Until(() => Volatile.Read(ref worked), "the good one works");
            _time.Leap(LongestPause);
        }

        IsCounted(good, starts: 1, restarts: 0, failures: []);
        Assert.Equal(["cannot do bad: broken"], _supervisor.LastErrors);
    }

    [Fact]
    public async Task A_task_that_ends_by_itself_has_failed()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await Running(task, 1);
        task.Turn(FakeTask.Return);
        await Poll.Until(() => _time.Waiting == 1, "it waits to be started again");
        Assert.Equal(["Error: cannot do one: it ended by itself; trying again, within 1m each time"], _log.Lines);
        IsCounted(task, starts: 1, restarts: 0, failures: [new("ended", 1)]);
    }

    [Fact]
    public async Task A_defect_is_a_failure_like_any_other_and_named_by_its_type()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await Running(task, 1);
        task.Turn(() => throw new InvalidOperationException("a defect"));
        await Poll.Until(() => _time.Waiting == 1, "it waits to be started again");
        Assert.StartsWith("Error: cannot do one: InvalidOperationException: a defect; ", _log.Lines[0]);
        IsCounted(task, starts: 1, restarts: 0, failures: [new("other", 1)]);
    }

    [Fact]
    public async Task A_failure_that_the_agent_must_not_survive_ends_it_and_is_not_tried_again()
    {
        List<Exception> reasons = [];
        _supervisor.AgentMustEnd += reasons.Add;
        FakeTask task = new("one") { Time = _time, Fatal = failure => failure is IOException };
        await _supervisor.ReplaceAsync([task]);
        await Running(task, 1);
        task.Fail("fatal");
        await Poll.Until(() => reasons.Count == 1, "the agent must end");
        Assert.Equal("fatal", reasons[0].Message);
        Assert.Empty(_log.Lines);
        Assert.Null(_time.UntilNext);
    }

    [Fact]
    public async Task It_has_turned_when_each_task_has_worked_or_failed()
    {
        Assert.False(_supervisor.HasReported);
        FakeTask works = new("works");
        FakeTask fails = new("fails");
        await _supervisor.ReplaceAsync([works, fails]);
        await Running(fails, 1);
        works.Work();
        Assert.False(_supervisor.HasReported);
        fails.Fail("broken");
        await Poll.Until(() => _supervisor.HasReported, "both have turned");
    }

    [Fact]
    public async Task A_task_without_a_sign_of_life_hangs_and_one_that_waits_to_be_started_again_does_not()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await Running(task, 1);
        task.Work();
        await Poll.Until(() => _supervisor.HasReported, "it works");
        _time.Leap(TimeSpan.FromSeconds(10));
        Assert.False(_supervisor.Hangs);
        _time.Leap(TimeSpan.FromSeconds(1));
        Assert.True(_supervisor.Hangs);

        task.Fail("broken");
        await Poll.Until(() => !_supervisor.Hangs, "it has failed");
    }

    [Fact]
    public async Task A_task_that_hangs_has_failed_once_and_its_return_is_told()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await Running(task, 1);
        task.Work();
        await Poll.Until(() => _supervisor.HasReported, "it works");
        await using Watching watching = new(_supervisor);
        foreach (int seconds in (int[])[0, 5, 5])
        {
            await Looked(seconds);
            Assert.Empty(_log.Lines);
        }

        await Looked(5);
        await Looked(5);
        Assert.StartsWith("Error: cannot do one: no sign of life for 10s; it is stuck: ", Assert.Single(_log.Lines));
        IsCounted(task, starts: 1, restarts: 0, failures: [new("timeout", 1)]);

        task.Work();
        await Poll.Until(() => _log.Lines.Count == 2, "it goes on");
        Assert.Equal("Information: can do one again", _log.Lines[1]);
    }

    [Fact]
    public async Task Where_everything_stood_still_nobody_hangs()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await Running(task, 1);
        await using Watching watching = new(_supervisor);
        await Looked(0);
        await Looked(3604);
        Assert.Empty(_log.Lines);
        await Looked(1);
        Assert.Empty(_log.Lines);
        await Looked(5);
        Assert.StartsWith("Error: cannot do one: no sign of life for 10s", Assert.Single(_log.Lines));
    }

    [Fact]
    public async Task A_task_that_holds_up_its_caller_holds_up_no_other_one()
    {
        using ManualResetEvent holding = new(false);
        FakeTask other = new("other");
        await _supervisor.ReplaceAsync([new BlockingTask(holding), other]);
        await Running(other, 1);
        holding.Set();
    }

    [Fact]
    public async Task After_the_end_nothing_is_started_any_more()
    {
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await _supervisor.StopAsync();
        Assert.True(task.IsOver);
        FakeTask late = new("late");
        await _supervisor.ReplaceAsync([late]);
        Assert.Equal(0, late.Runs);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task An_end_that_comes_just_as_a_task_fails_is_no_failure_of_the_agent(int failures)
    {
        List<Exception> reasons = [];
        _supervisor.AgentMustEnd += reasons.Add;
        FakeTask task = new("one") { Time = _time };
        await _supervisor.ReplaceAsync([task]);
        await Running(task, 1);
        for (int failure = 1; failure < failures; failure++)
        {
            task.Fail("broken");
            await Poll.Until(() => _time.Waiting == 1, "it waits to be started again");
            _time.Leap(LongestPause);
            await Running(task, failure + 1);
        }

        Task? end = null;
        _supervisor.StateChanged += () =>
        {
            end = _supervisor.StopAsync();
            Assert.True(task.Stopping.WaitHandle.WaitOne(Poll.Patience));
        };
        task.Fail("broken");
        await Poll.Until(() => end is not null, "it has failed");
        await end!;
        Assert.Empty(reasons);
    }

    [Fact]
    public async Task A_task_that_asks_for_others_while_all_end_holds_nothing_up()
    {
        using ManualResetEvent ending = new(false);
        FakeTask late = new("late");
        AskingTask asking = new(_supervisor, ending, late);
        await _supervisor.ReplaceAsync([asking]);
        await Poll.Until(() => asking.HasBegun, "it runs");
        Task end = _supervisor.StopAsync();
        ending.Set();
        await end.WaitAsync(Poll.Patience, TestContext.Current.CancellationToken);
        Assert.False(asking.Answer);
        Assert.Equal(0, late.Runs);
        Assert.Empty(_log.Lines);
    }

    /// <summary>Asks for another task once it is let, and does not end before it has an answer, as the reading of a new configuration.</summary>
    private sealed class AskingTask(Supervisor supervisor, WaitHandle until, SupervisedTask other) : SupervisedTask
    {
        internal bool HasBegun { get; private set; }

        internal bool? Answer { get; private set; }

        internal override string Name => "asking";

        internal override string Duty => "ask";

        internal override object Identity => this;

        internal override TimeSpan LongestRetryDelay => TimeSpan.FromMinutes(1);

        internal override TimeSpan StopTimeout => Poll.Patience / 2;

        internal override async Task RunAsync(Action succeeded, CancellationToken stopping)
        {
            HasBegun = true;
            until.WaitOne();
            Answer = await supervisor.ReplaceAsync([this, other]);
        }
    }

    /// <summary>Does not give its thread back.</summary>
    private sealed class BlockingTask(WaitHandle until) : SupervisedTask
    {
        internal override string Name => "blocking";

        internal override string Duty => "block";

        internal override object Identity => this;

        internal override TimeSpan LongestRetryDelay => TimeSpan.FromMinutes(1);

        internal override Task RunAsync(Action succeeded, CancellationToken stopping)
        {
            until.WaitOne();
            return Task.CompletedTask;
        }
    }

    /// <summary>Looks for tasks that hang, on a thread of its own.</summary>
    private sealed class Watching : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stopping = new();
        private readonly Task _looks;

        internal Watching(Supervisor supervisor) => _looks = DedicatedThread.RunAsync(() => supervisor.WatchForHangs(_stopping.Token));

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            await _looks;
            _stopping.Dispose();
        }
    }

    /// <summary>Lets time go by, and waits until it was looked for tasks that hang.</summary>
    private async Task Looked(int seconds)
    {
        _time.Leap(TimeSpan.FromSeconds(seconds));
        await Poll.Until(() => _time.Waiting == 1, "it has looked");
    }

    private static Task Running(FakeTask task, int runs) => Poll.Until(() => task.Runs == runs, $"it runs for the {runs}th time");

    private void IsCounted(FakeTask task, long starts, long restarts, KeyValuePair<string, long>[] failures)
    {
        TaskStatistics statistics = _supervisor.Statistics.Single(some => some.Name == task.Name);
        Assert.Equal(starts, statistics.Starts);
        Assert.Equal([new("failure", restarts), new("reload", 0)], statistics.Restarts);
        Assert.Equal(failures, statistics.Failures);
    }
}
