namespace Agent.Hosting;

/// <summary>Something that is to run for as long as the agent does. To fail it throws, and the supervisor starts it again.</summary>
internal abstract class SupervisedTask
{
    private static readonly TimeSpan UsualEnd = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestUsualPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan UsualFirstPause = TimeSpan.FromSeconds(1);

    /// <summary>Its name, which no other task of the agent has: the label <c>task</c> of its metrics.</summary>
    internal abstract string Name { get; }

    /// <summary>What it is there for, as it goes on after "cannot" and "can": <c>measure</c>.</summary>
    internal abstract string Duty { get; }

    /// <summary>What it was made of. A task of the same name that was made of the same does the same, and need not take its place.</summary>
    internal abstract object Identity { get; }

    /// <summary>About how long it waits to be started again after it has failed for the first time.</summary>
    internal virtual TimeSpan FirstPause => LongestPause < UsualFirstPause ? LongestPause : UsualFirstPause;

    /// <summary>How long it waits at the most, however often it has failed.</summary>
    internal abstract TimeSpan LongestPause { get; }

    /// <summary>What is done at each interval is tried again within one, and within a minute.</summary>
    protected static TimeSpan Within(TimeSpan interval) => interval < LongestUsualPause ? interval : LongestUsualPause;

    /// <summary>How long its end is waited for; what takes longer is left to the end of the process.</summary>
    internal virtual TimeSpan LongestEnd => UsualEnd;

    /// <summary>After how long without a sign of life it must be taken to hang; null where it has nothing to do for any length of time.</summary>
    internal virtual TimeSpan? LongestSilence => null;

    /// <summary>Since when it has given no sign of life, as a timestamp of the clock; null while it has nothing to do that could hang.</summary>
    /// <param name="lastSign">When it was started, or has done what it is there for last.</param>
    internal virtual long? SilentSince(long lastSign) => lastSign;

    /// <summary>Whether the agent is not ready before this task has worked, or failed, for the first time.</summary>
    internal virtual bool IsAwaited => true;

    /// <summary>Whether it logs its failures itself, in better words than the supervisor has.</summary>
    internal virtual bool TellsItself => false;

    /// <summary>Runs.</summary>
    /// <param name="works">To be called whenever it has done what it is there for: a failure is over, and it does not hang.</param>
    /// <param name="stopping">Is cancelled when it is to end.</param>
    internal abstract Task RunAsync(Action works, CancellationToken stopping);

    /// <summary>Whether the agent must not go on after this.</summary>
    internal virtual bool IsFatal(Exception failure) => false;

    /// <summary>It is over, or does not end in its time: gives back what it has. Nothing is thrown.</summary>
    internal virtual void End()
    {
    }

    /// <summary>Takes over what is worth keeping from the task that it takes the place of, which has ended.</summary>
    internal virtual void TakeOver(SupervisedTask former)
    {
    }
}
