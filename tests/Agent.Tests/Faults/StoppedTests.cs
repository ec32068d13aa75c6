using Testing;

namespace Agent.Tests.Faults;

/// <summary>The daemon while the kernel does not run it: after SIGSTOP, as on a suspended machine or in a frozen container.</summary>
[StartsProgram]
public sealed class StoppedTests
{
    private const int Rounds = 100;
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task Daemon_stopped_for_several_intervals_continues_with_the_right_count_and_logs_nothing()
    {
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        using Scratch scratch = new();
        server.Accept(3);
        using WatchedDaemon daemon = new(host, scratch.Path);
        await daemon.Publishes(3);

        await daemon.Stop();
        server.Accept(4);
        string before = daemon.Text;
        await WatchedDaemon.Intervals(20);
        Assert.Equal(before, daemon.Text);

        daemon.Continue();
        await daemon.Publishes(7);
        await daemon.LogsOnly(0);
        await daemon.StopsCleanly();
        Assert.Empty(daemon.Lines);
    }

    [Fact]
    public async Task Daemon_stopped_at_random_moments_reports_no_failure()
    {
        Random random = FaultRun.Random();
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        using Scratch scratch = new();
        server.Accept(3);
        using WatchedDaemon daemon = new(host, scratch.Path, Millisecond);
        await daemon.Publishes(3);

        // A system call with a timeout, such as the receive here, returns EINTR when the process continues; see signal(7).
        for (int round = 0; round < Rounds; round++)
        {
            await daemon.Stop();
            ExpositionText.CheckWhole(daemon.Text, 3);
            string before = daemon.Text;
            daemon.Continue();
            await Poll.Until(() => daemon.Text != before, "the agent continues");
            using PeriodicTimer timer = new(Millisecond * random.Next(1, 10));
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }

        await daemon.StopsCleanly();
        Assert.Empty(daemon.Lines);
    }
}
