namespace Agent.Tasks;

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
