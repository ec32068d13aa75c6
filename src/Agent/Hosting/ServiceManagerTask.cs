using Agent.Tasks;

namespace Agent.Hosting;

/// <summary>Reports the state of all tasks to the service manager, and pings its watchdog as long as none of them hangs.</summary>
/// <param name="manager">The service manager.</param>
/// <param name="supervisor">Knows the tasks.</param>
/// <param name="activity">Returns the status line while every task works.</param>
/// <param name="time">The clock.</param>
internal sealed class ServiceManagerTask(ServiceManager manager, Supervisor supervisor, Func<string> activity, TimeProvider time) : SupervisedTask
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    internal override string Name => "service-manager";

    internal override string Duty => "send the status to the service manager";

    internal override object Identity => manager;

    internal override TimeSpan LongestRetryDelay => RetryDelay;

    // It reports readiness itself.
    internal override bool GatesReadiness => false;

    internal override Task RunAsync(Action succeeded, CancellationToken stopping) => DedicatedThread.RunAsync(() => Run(succeeded, stopping));

    private void Run(Action succeeded, CancellationToken stopping)
    {
        // Not disposed: a task may change at the same time.
        AutoResetEvent changed = new(true);
        void Wake() => changed.Set();
        supervisor.StateChanged += Wake;
        manager.ReportNeeded += Wake;
        try
        {
            long next = 0;
            while (time.WaitUntil(next, stopping, changed) != WaitResult.Stopping)
            {
                bool isSent = Report();
                succeeded();
                next = NextAt(isSent ? manager.UntilPing : RetryDelay);
            }
        }
        finally
        {
            supervisor.StateChanged -= Wake;
            manager.ReportNeeded -= Wake;
        }
    }

    /// <returns>False when the report has to be sent again.</returns>
    private bool Report()
    {
        if (!supervisor.HasReported)
        {
            return true;
        }

        if (supervisor.Hangs)
        {
            // No ping. It may be over in a moment: after the whole agent stood still, every task seems to hang.
            return false;
        }

        string errors = string.Join("; ", supervisor.LastErrors);
        return manager.Report(errors.Length == 0 ? activity() : errors);
    }

    private long NextAt(TimeSpan? pause) => pause is { } some ? time.GetTimestamp() + time.ToTicks(some) : long.MaxValue;
}
