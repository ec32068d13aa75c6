using Agent.Publishing;
using Agent.Tests.Faults;
using Testing;

namespace Agent.Tests.Hosting;

/// <summary>Census and textfile under a supervisor, on a scripted kernel and a clock that the test sets.</summary>
public sealed class CensusAndTextfileTests : IAsyncDisposable
{
    private readonly ScriptedLoop _loop = new();

    public CensusAndTextfileTests() => _loop.Kernel.Behave(KernelBehavior.Holding(1));

    [Fact]
    public async Task First_census_is_taken_at_the_start_and_one_follows_at_each_interval()
    {
        await _loop.Start();
        await Published("the first census", 1);
        for (int tick = 2; tick <= 10; tick++)
        {
            _loop.Time.Leap(ScriptedLoop.Interval);
            await Published("the next census", tick);
        }

        Assert.Empty(_loop.Lines);
    }

    [Fact]
    public async Task Censuses_stay_on_the_grid_of_the_interval_after_a_late_one()
    {
        await _loop.Start();
        _loop.Time.Leap(ScriptedLoop.Interval * 1.75);
        await Published("the late census", 2);
        _loop.Time.Leap(ScriptedLoop.Interval * 0.25);
        await Published("the census on the grid", 3);
    }

    [Fact]
    public async Task Missed_intervals_of_a_suspended_machine_cause_one_census()
    {
        await _loop.Start();
        _loop.Time.Leap(TimeSpan.FromHours(8));
        await Published("the census after the suspend", 2);
        _loop.Time.Leap(ScriptedLoop.Interval);
        await Published("the next census", 3);
    }

    [Fact]
    public async Task Failure_and_recovery_are_each_logged_once()
    {
        await _loop.Start();
        _loop.Kernel.Behave(KernelBehavior.Faulty["loses replies"]);
        for (int tick = 2; tick <= 5; tick++)
        {
            string text = await _loop.Tick();
            Assert.Contains("sockdiag_census_success 0", text);
            Assert.DoesNotContain("\ntcp_", text);
            Assert.Contains("\nsockdiag_census_last_success_timestamp_seconds ", text);
            Assert.Equal(1 + (3 * (tick - 1)), _loop.Kernel.Requests);
        }

        _loop.Kernel.Behave(KernelBehavior.Holding(1));
        Assert.Contains("sockdiag_census_success 1", await _loop.Tick());

        Assert.Collection(
            _loop.Lines,
            line =>
            {
                Assert.StartsWith("Error: cannot measure: receiving from sock_diag failed: replies were lost 3 times in a row (ENOBUFS)", line);
                Assert.EndsWith("; trying again, within 1s each time", line);
            },
            line => Assert.Equal("Information: can measure again", line));
        (string name, _, long starts, var restarts, var failures) = _loop.Supervisor.Statistics[0];
        Assert.Equal(("census", 5), (name, starts));
        Assert.Equal([new("failure", 4), new("reload", 0)], restarts);
        Assert.Equal([new("netlink", 4)], failures);
    }

    [Fact]
    public async Task Unusable_directory_is_logged_once_and_counting_continues()
    {
        await File.WriteAllTextAsync(_loop.Directory, "in the way", TestContext.Current.CancellationToken);
        await _loop.Begin();
        await Poll.Until(() => _loop.Lines.Count == 1, "the error is logged");
        for (int census = 2; census <= 4; census++)
        {
            await _loop.Settled();
            _loop.Time.Leap(ScriptedLoop.Interval);
            await Poll.Until(() => _loop.Kernel.Requests == census, "the census continues");
        }

        await _loop.Settled();
        File.Delete(_loop.Directory);
        _loop.Time.Leap(ScriptedLoop.Interval);
        await Poll.Until(() => _loop.Text.Contains("sockdiag_census_success 1"), "the textfile is written");
        await _loop.Settled();

        Assert.Collection(
            _loop.Lines,
            line => Assert.StartsWith($"Error: cannot write {_loop.FilePath}: ", line),
            line => Assert.Equal($"Information: can write {_loop.FilePath} again", line));
        Assert.Equal((1, 0), (_loop.Supervisor.Statistics[0].Starts, _loop.Supervisor.Statistics[0].Failures.Length));
    }

    [Fact]
    public async Task Directory_that_others_may_write_causes_one_warning()
    {
        Directory.CreateDirectory(_loop.Directory);
        File.SetUnixFileMode(_loop.Directory, (UnixFileMode)0b111_111_111);
        await _loop.Start();
        await _loop.Tick();
        Assert.StartsWith($"Warning: other users can replace {_loop.FilePath}: ", Assert.Single(_loop.Lines));
    }

    [Fact]
    public async Task Agent_ends_if_another_agent_has_its_textfile()
    {
        await _loop.Start();
        Directory.Delete(_loop.Directory, recursive: true);
        using Textfile other = new(_loop.Directory);
        other.Write("other\n"u8);

        _loop.Time.Leap(ScriptedLoop.Interval);
        await Poll.Until(() => _loop.EndedBy is not null, "the agent ends");

        Assert.IsType<TextfileTakenException>(_loop.EndedBy);
        await _loop.Supervisor.StopAsync();
        Assert.Equal("other\n", _loop.Text);
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    /// <summary>Waits until this many censuses are published, and checks that no further one follows.</summary>
    private async Task Published(string what, int censuses)
    {
        string line = $"sockdiag_census_last_success_timestamp_seconds {_loop.Time.Wall.ToUnixTimeMilliseconds() / 1000.0}\n";
        await Poll.Until(() => _loop.Text.Contains(line), what);
        await _loop.Settled();
        Assert.Equal(censuses, _loop.Kernel.Requests);
    }
}
