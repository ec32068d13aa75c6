namespace Agent.Tasks;

/// <summary>
/// A part of the agent that runs as long as the agent does. It reports a failure by throwing; the supervisor logs it and starts the task again.
/// </summary>
internal abstract class SupervisedTask
{
    private static readonly TimeSpan DefaultFirstRetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DefaultLongestRetryDelay = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan DefaultStopTimeout = TimeSpan.FromSeconds(1);

    /// <summary>The label <c>task</c> of its metrics. No other task of the agent has this name.</summary>
    internal abstract string Name { get; }

    /// <summary>A verb phrase for log lines, after "cannot" and "can": <c>measure</c>.</summary>
    internal abstract string Duty { get; }

    /// <summary>
    /// The settings that the task was made from. After a reload, a running task goes on undisturbed if the new task of its name has an equal
    /// identity.
    /// </summary>
    internal abstract object Identity { get; }

    /// <summary>About how long the first restart after a failure waits.</summary>
    internal virtual TimeSpan FirstRetryDelay => LongestRetryDelay < DefaultFirstRetryDelay ? LongestRetryDelay : DefaultFirstRetryDelay;

    /// <summary>The longest wait before a restart, after any number of failures.</summary>
    internal abstract TimeSpan LongestRetryDelay { get; }

    /// <summary>How long the supervisor waits for the task to stop. After that, the task is abandoned and ends with the process.</summary>
    internal virtual TimeSpan StopTimeout => DefaultStopTimeout;

    /// <summary>How long one step of the task may take before it counts as hanging; null for any length.</summary>
    internal virtual TimeSpan? HangTimeout => null;

    /// <summary>Whether the step that runs now takes longer than <see cref="HangTimeout"/>.</summary>
    internal virtual bool IsHanging => false;

    /// <summary>Whether the agent is ready only after this task has succeeded or failed once.</summary>
    internal virtual bool GatesReadiness => true;

    /// <summary>Whether the task logs its failures itself, with more detail than the supervisor has.</summary>
    internal virtual bool LogsOwnFailures => false;

    /// <summary>Runs until it fails or is stopped.</summary>
    /// <param name="succeeded">Called after each step that succeeded: a failure is over.</param>
    /// <param name="stopping">Cancelled when the task has to stop.</param>
    internal abstract Task RunAsync(Action succeeded, CancellationToken stopping);

    /// <summary>Whether the agent has to end after this failure.</summary>
    internal virtual bool IsFatal(Exception failure) => false;

    /// <summary>Releases what the task holds, after it stopped or did not stop in time. Does not throw.</summary>
    internal virtual void Release()
    {
    }

    /// <summary>Takes over state from the stopped task of the same name that this one replaces.</summary>
    internal virtual void TakeOver(SupervisedTask former)
    {
    }

    /// <summary>The longest retry delay of work that is done at each interval: one interval, but at most a minute.</summary>
    protected static TimeSpan RetryDelayFor(TimeSpan interval) => interval < DefaultLongestRetryDelay ? interval : DefaultLongestRetryDelay;
}

/// <summary>
/// Runs work that blocks on the kernel or on a disk on a thread of its own. The thread pool stays free, and a wake-up costs one thread switch less.
/// </summary>
internal static class DedicatedThread
{
    internal static Task RunAsync(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
