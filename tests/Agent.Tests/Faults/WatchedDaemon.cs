using Testing;
using static Testing.NativeMethods;

namespace Agent.Tests.Faults;

/// <summary>The real daemon, which counts in a namespace and writes to a directory, with its published text and its log.</summary>
internal sealed class WatchedDaemon : IDisposable
{
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly AgentProcess _agent;

    internal WatchedDaemon(TestNamespace host, string directory, TimeSpan? interval = null)
    {
        FilePath = Path.Combine(directory, "tcp_connections.prom");
        _agent = AgentProcess.Start(
            ["--interval", $"{(interval ?? Interval).TotalMilliseconds}ms", "--netns", host.Path, "--textfile-directory", directory]);
    }

    internal string FilePath { get; }

    internal string Text => ExpositionText.Read(FilePath);

    /// <summary>The lines of its log after the first one, which has the settings.</summary>
    internal IReadOnlyList<string> Lines => [.. _agent.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)];

    /// <summary>Waits until it publishes this number of connections.</summary>
    internal Task Publishes(int connections) =>
        Poll.Until(() => ExpositionText.Counts(Text, connections), $"{connections} connections are published; the log: {_agent.Errors}");

    /// <summary>Waits until it has logged this many lines, and checks that no further line follows for several intervals and that it still runs.</summary>
    internal async Task LogsOnly(int lines)
    {
        await Poll.Until(() => Lines.Count >= lines, $"{lines} lines are logged; the log: {_agent.Errors}");
        await Intervals(10);
        Assert.True(Lines.Count == lines, $"{lines} lines are expected; the log: {_agent.Errors}");
        Assert.False(_agent.HasExited);
    }

    /// <summary>Stops it with SIGSTOP and waits until all its threads are stopped.</summary>
    internal async Task Stop()
    {
        _agent.Signal(SIGSTOP);
        await Poll.Until(() => Directory.GetDirectories($"/proc/{_agent.Id}/task").All(IsStopped), "all threads are stopped");
    }

    internal void Continue() => _agent.Signal(SIGCONT);

    /// <summary>Runs an action of several steps while the daemon is stopped, so that the daemon sees only the result.</summary>
    internal async Task WhileStopped(Action action)
    {
        await Stop();
        action();
        Continue();
    }

    /// <summary>Waits for several intervals.</summary>
    internal static async Task Intervals(int count)
    {
        using PeriodicTimer timer = new(Interval);
        for (int i = 0; i < count; i++)
        {
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    internal async Task StopsCleanly()
    {
        _agent.Signal(SIGTERM);
        Assert.Equal(0, await _agent.Exit());
    }

    public void Dispose() => _agent.Dispose();

    // proc_pid_stat(5): the state follows the name, which is in parentheses and may contain parentheses itself.
    private static bool IsStopped(string task)
    {
        string status = ExpositionText.Read(Path.Combine(task, "stat"));
        int name = status.LastIndexOf(')');
        return name < 0 || status[name + 2] == 'T';
    }
}
