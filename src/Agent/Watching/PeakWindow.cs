namespace Agent.Watching;

/// <summary>The highest value of the last 60 seconds, so that a burst between two scrapes is seen. Reckoned in whole seconds.</summary>
internal sealed class PeakWindow(TimeProvider time)
{
    private const int Seconds = 60;

    // The highest value of each second, at its number modulo the length; one more than the window, for the second that is not over.
    private readonly (long Second, int Highest)[] _seconds = new (long, int)[Seconds + 1];
    private readonly long _begun = time.GetTimestamp();

    /// <returns>The peak, this value included.</returns>
    internal int Add(int value)
    {
        // From 1: a slot that was never written holds second 0.
        long now = (long)time.GetElapsedTime(_begun).TotalSeconds + 1;
        ref (long Second, int Highest) slot = ref _seconds[now % _seconds.Length];
        slot = (now, slot.Second == now ? Math.Max(slot.Highest, value) : value);

        int peak = value;
        foreach ((long second, int highest) in _seconds)
        {
            if (second > 0 && now - second <= Seconds)
            {
                peak = Math.Max(peak, highest);
            }
        }

        return peak;
    }
}
