namespace Agent.Watching;

/// <summary>How long nothing may be heard of the censuses before their numbers are no numbers any more.</summary>
internal static class Patience
{
    private const int Intervals = 3;
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(10);

    /// <param name="interval">From one census to the next.</param>
    internal static TimeSpan With(TimeSpan interval) => TimeSpan.FromTicks(Math.Max(Least.Ticks, Intervals * interval.Ticks));
}
