namespace Agent.Readings;

/// <summary>How old a reading may become before it no longer counts: three intervals, and at least 10 s.</summary>
internal static class StaleAfter
{
    private const int Intervals = 3;
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(10);

    /// <param name="interval">The time from one reading of the source to the next.</param>
    internal static TimeSpan Of(TimeSpan interval) => TimeSpan.FromTicks(Math.Max(Least.Ticks, Intervals * interval.Ticks));
}
