namespace Agent.Tasks;

/// <summary>Why a wait ended.</summary>
internal enum WaitResult
{
    /// <summary>The task has to stop.</summary>
    Stopping,

    /// <summary>The signal was set.</summary>
    Signal,

    /// <summary>The moment has come.</summary>
    Due,
}

/// <summary>Lets a thread wait on a <see cref="TimeProvider"/>.</summary>
internal static class Waiting
{
    // Longer than any interval: a wait without a due time wakes up once in this time and waits again.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(2);

    /// <summary>A length of time in the units of the clock's timestamps.</summary>
    internal static long ToTicks(this TimeProvider time, TimeSpan length) => (long)(length.TotalSeconds * time.TimestampFrequency);

    /// <summary>Waits until a moment; returns at once when it is over.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="due">The moment, as a timestamp of the clock.</param>
    /// <param name="stopping">Ends the wait.</param>
    /// <param name="signal">Ends the wait; null for none.</param>
    internal static WaitResult WaitUntil(this TimeProvider time, long due, CancellationToken stopping, WaitHandle? signal = null)
    {
        WaitHandle[] handles = signal is null ? [stopping.WaitHandle] : [stopping.WaitHandle, signal];
        TimeSpan left = time.GetElapsedTime(time.GetTimestamp(), due);
        left = left < TimeSpan.Zero ? TimeSpan.Zero : left > Longest ? Longest : left;
        int ended = time == TimeProvider.System
            // The kernel wakes this thread directly. A timer would wake the timer thread and one of the pool first.
            ? WaitHandle.WaitAny(handles, ToMilliseconds(left))
            : WaitByTimer(time, due, left, handles);
        return stopping.IsCancellationRequested ? WaitResult.Stopping : ended == 1 && signal is not null ? WaitResult.Signal : WaitResult.Due;
    }

    private static int WaitByTimer(TimeProvider time, long due, TimeSpan left, WaitHandle[] handles)
    {
        // Not disposed: the timer may fire at the same time.
        ManualResetEvent elapsed = new(false);
        using ITimer timer = time.CreateTimer(_ => elapsed.Set(), null, left, Timeout.InfiniteTimeSpan);
        // The clock may have advanced before the timer was set.
        if (time.GetTimestamp() >= due)
        {
            elapsed.Set();
        }

        int ended = WaitHandle.WaitAny([.. handles, elapsed]);
        return ended == handles.Length ? WaitHandle.WaitTimeout : ended;
    }

    // Rounded up: to wake too early would cost a second wait.
    private static int ToMilliseconds(TimeSpan left) => (int)Math.Ceiling(left.TotalMilliseconds);
}

/// <summary>
/// Ticks at a fixed interval, measured from when a tick was due and not from when it was handled. Ticks that were missed, because of a long
/// census or a suspended machine, are dropped.
/// </summary>
internal sealed class IntervalTimer(TimeSpan interval, TimeProvider time)
{
    private readonly long _period = time.ToTicks(interval);
    private long _due = time.GetTimestamp();

    /// <summary>Waits for the next tick; returns at once when it is already over.</summary>
    /// <returns>True at a tick, false when stopping.</returns>
    internal bool Wait(CancellationToken stopping)
    {
        Advance(atLeast: 1);
        bool goesOn = time.WaitUntil(_due, stopping) == WaitResult.Due;
        Advance(atLeast: 0);
        return goesOn;
    }

    /// <summary>Moves to the latest tick that is over, or further.</summary>
    private void Advance(long atLeast) => _due += Math.Max((time.GetTimestamp() - _due) / _period, atLeast) * _period;
}
