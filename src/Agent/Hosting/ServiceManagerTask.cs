namespace Agent.Hosting;

/// <summary>Tells the service manager how the other tasks are, and that none of them hangs.</summary>
internal sealed class ServiceManagerTask(ServiceManager manager, Supervisor supervisor, TimeProvider time) : SupervisedTask
{
    private static readonly TimeSpan UntilToldAgain = TimeSpan.FromSeconds(1);

    internal override string Name => "service-manager";

    internal override string Duty => "tell the service manager how the agent is";

    internal override object Identity => manager;

    internal override TimeSpan LongestPause => UntilToldAgain;

    // It is the one that tells of readiness.
    internal override bool IsAwaited => false;

    internal override Task RunAsync(Action works, CancellationToken stopping) => OwnThread.RunAsync(() => Run(works, stopping));

    private void Run(Action works, CancellationToken stopping)
    {
        // Not disposed of: a task may change at the same time.
        AutoResetEvent changed = new(true);
        void Wake() => changed.Set();
        supervisor.StateChanged += Wake;
        manager.TurnNeeded += Wake;
        try
        {
            long next = 0;
            while (time.WaitUntil(next, stopping, changed) != WaitEnd.Stopping)
            {
                bool isTold = Tell();
                works();
                next = NextAt(isTold ? manager.WatchdogPause : UntilToldAgain);
            }
        }
        finally
        {
            supervisor.StateChanged -= Wake;
            manager.TurnNeeded -= Wake;
        }
    }

    /// <returns>False when it has to be told again.</returns>
    private bool Tell()
    {
        if (!supervisor.HasTurned)
        {
            return true;
        }

        if (supervisor.Hangs)
        {
            // It may be over in a moment: what stood still hangs no more.
            return false;
        }

        string trouble = string.Join("; ", supervisor.Troubles);
        return manager.Turned(trouble.Length == 0 ? null : trouble);
    }

    private long NextAt(TimeSpan? pause) =>
        pause is { } some ? time.GetTimestamp() + (long)(some.TotalSeconds * time.TimestampFrequency) : long.MaxValue;
}
