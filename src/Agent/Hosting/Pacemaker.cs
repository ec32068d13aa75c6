namespace Agent.Hosting;

/// <summary>
/// Ticks at an interval, reckoned from when a tick was due and not from when it was served; those that were missed meanwhile, by a long
/// census or a suspended machine, make no pile.
/// </summary>
internal sealed class Pacemaker(TimeSpan interval, TimeProvider time)
{
    private readonly long _period = (long)(interval.TotalSeconds * time.TimestampFrequency);
    private long _due = time.GetTimestamp();

    /// <summary>Waits for the next tick; one that is over already comes at once.</summary>
    /// <returns>Whether it came, and not the end.</returns>
    internal bool Wait(CancellationToken stopping)
    {
        Advance(atLeast: 1);
        bool goesOn = time.WaitUntil(_due, stopping) == WaitEnd.Due;
        Advance(atLeast: 0);
        return goesOn;
    }

    /// <summary>Of the ticks that are over only the last one counts.</summary>
    private void Advance(long atLeast) => _due += Math.Max((time.GetTimestamp() - _due) / _period, atLeast) * _period;
}
