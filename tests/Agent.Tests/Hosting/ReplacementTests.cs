using Agent.Hosting;
using Agent.Metrics;
using Testing;

namespace Agent.Tests.Hosting;

/// <summary>Tasks that a reload replaces, removes and brings back.</summary>
public sealed class ReplacementTests : IAsyncDisposable
{
    private readonly RecordingLogger<Supervisor> _log = new();
    private readonly Supervisor _supervisor;

    public ReplacementTests() => _supervisor = new Supervisor(new ManualTime(), _log);

    public async ValueTask DisposeAsync()
    {
        await _supervisor.StopAsync();
        _supervisor.Dispose();
    }

    [Fact]
    public async Task Unchanged_task_keeps_running_and_a_changed_task_continues_the_statistics()
    {
        FakeTask same = new("same", identity: 1);
        FakeTask changed = new("changed", identity: 1);
        FakeTask gone = new("gone");
        await _supervisor.ReplaceAsync([same, changed, gone]);
        await Started(changed, 1);

        FakeTask sameAgain = new("same", identity: 1);
        FakeTask changedNow = new("changed", identity: 2);
        await _supervisor.ReplaceAsync([sameAgain, changedNow, new FakeTask("new")]);
        await Started(changedNow, 1);

        Assert.Equal((1, false, 0), (same.Runs, same.IsReleased, sameAgain.Runs));
        Assert.Equal((1, true), (changed.Runs, changed.IsReleased));
        Assert.True(gone.IsReleased);
        Assert.Same(changed, changedNow.TakenOver);
        Assert.Equal(["same", "changed", "new"], _supervisor.Statistics.Select(task => task.Name));
        Assert.Equal([1L, 2L, 1L], _supervisor.Statistics.Select(task => task.Starts));
        Assert.Equal([new("failure", 0L), new("reload", 1L)], _supervisor.Statistics[1].Restarts);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task Removed_task_that_a_later_reload_brings_back_continues_its_statistics()
    {
        FakeTask first = new("one", identity: 1);
        FakeTask changed = new("one", identity: 2);
        FakeTask back = new("one", identity: 1);
        await _supervisor.ReplaceAsync([first]);
        await Started(first, 1);
        await _supervisor.ReplaceAsync([changed]);
        await Started(changed, 1);
        await _supervisor.ReplaceAsync([]);
        Assert.Empty(_supervisor.Statistics);

        await _supervisor.ReplaceAsync([back]);
        await Started(back, 1);

        TaskStatistics statistics = Assert.Single(_supervisor.Statistics);
        Assert.Equal(3, statistics.Starts);
        Assert.Equal([new("failure", 0L), new("reload", 1L)], statistics.Restarts);
    }

    [Fact]
    public async Task Task_that_does_not_stop_is_logged_and_does_not_delay_its_successor()
    {
        FakeTask hanging = new("one", identity: 1) { IgnoresStop = true };
        await _supervisor.ReplaceAsync([hanging]);
        await Started(hanging, 1);
        FakeTask next = new("one", identity: 2);
        await _supervisor.ReplaceAsync([next]);
        await Started(next, 1);
        Assert.Equal(["Warning: the task one did not stop in time; it runs until the agent ends"], _log.Lines);
        Assert.True(hanging.IsReleased);
        Assert.Null(next.TakenOver);

        hanging.End();
        next.Succeed();
        await Poll.Until(() => _supervisor.HasReported, "the next task succeeds");
        Assert.True(_supervisor.Statistics[0].IsRunning);
    }

    private static Task Started(FakeTask task, int runs) => Poll.Until(() => task.Runs == runs, $"the task starts (start {runs})");
}
