namespace Agent.Hosting;

/// <summary>Lets a thread of its own wait by a clock.</summary>
internal static class Waiting
{
    // Longer than any interval: who waits for something that has no moment looks again then.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(2);

    /// <summary>Waits for a moment; one that is over already comes at once.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="due">The moment, as a timestamp of the clock.</param>
    /// <param name="stopping">Ends the wait, too.</param>
    /// <param name="signal">Ends the wait, too; null for none.</param>
    /// <returns>What ended it.</returns>
    internal static WaitEnd WaitUntil(this TimeProvider time, long due, CancellationToken stopping, WaitHandle? signal = null)
    {
        WaitHandle[] handles = signal is null ? [stopping.WaitHandle] : [stopping.WaitHandle, signal];
        TimeSpan left = time.GetElapsedTime(time.GetTimestamp(), due);
        left = left < TimeSpan.Zero ? TimeSpan.Zero : left > Longest ? Longest : left;
        int ended = time == TimeProvider.System
            // The kernel wakes this thread, and not first one for timers and one of the pool.
            ? WaitHandle.WaitAny(handles, ToMilliseconds(left))
            : WaitByTimer(time, due, left, handles);
        return stopping.IsCancellationRequested ? WaitEnd.Stopping : ended == 1 && signal is not null ? WaitEnd.Signal : WaitEnd.Due;
    }

    private static int WaitByTimer(TimeProvider time, long due, TimeSpan left, WaitHandle[] handles)
    {
        // Not disposed of: the timer may fire while it is.
        ManualResetEvent elapsed = new(false);
        using ITimer timer = time.CreateTimer(_ => elapsed.Set(), null, left, Timeout.InfiniteTimeSpan);
        // The clock may have gone on before the timer was set.
        if (time.GetTimestamp() >= due)
        {
            elapsed.Set();
        }

        int ended = WaitHandle.WaitAny([.. handles, elapsed]);
        return ended == handles.Length ? WaitHandle.WaitTimeout : ended;
    }

    // Up: to wake before it is due would make a second wait of it.
    private static int ToMilliseconds(TimeSpan left) => (int)Math.Ceiling(left.TotalMilliseconds);
}
