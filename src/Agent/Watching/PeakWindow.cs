namespace Agent.Watching;

/// <summary>The highest value of the last 60 seconds, so that a burst between two scrapes is seen. In whole seconds.</summary>
internal sealed class PeakWindow(TimeProvider time)
{
    private const int Seconds = 60;

    // The highest value of each second, at the number of the second modulo the length. One more than the window: the current second is not over.
    private readonly (long Second, int Highest)[] _seconds = new (long, int)[Seconds + 1];
    private readonly long _begun = time.GetTimestamp();

    /// <returns>The peak, this value included.</returns>
    internal int Add(int value)
    {
        // Counted from 1: second 0 marks a slot that was never written.
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
