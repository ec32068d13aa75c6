using Agent.Tasks;

namespace Agent.Readings;

/// <summary>
/// A task that measures something and puts a <see cref="Reading"/> into the <see cref="Store"/> after each attempt. It knows no publisher.
/// </summary>
/// <param name="store">Takes the readings; it has to know the source before the source runs.</param>
internal abstract class Source(Store store) : SupervisedTask, IReadingOwner
{
    public abstract object Subject { get; }

    public virtual TimeSpan? MaximumAge => null;

    public virtual IReadOnlyList<HistorySubject> History => [];

    internal override TimeSpan? HangTimeout => MaximumAge;

    // The store alone decides what is too old: a source that hangs is a source whose reading is stale.
    internal override bool IsHanging => store.IsStale(this);

    public virtual Reading? Stale(Reading? last) => null;

    /// <summary>The latest reading, also that of the source of this subject before a reload; null where there is none.</summary>
    protected Reading? Latest => store.LatestOf(this);

    /// <summary>Puts the latest reading into the store.</summary>
    protected void Put(Reading reading) => store.Put(this, reading);
}

/// <summary>How old a reading may become before it no longer counts: three intervals, and at least 10 s.</summary>
internal static class StaleAfter
{
    private const int Intervals = 3;
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(10);

    /// <param name="interval">The time from one reading of the source to the next.</param>
    internal static TimeSpan Of(TimeSpan interval) => TimeSpan.FromTicks(Math.Max(Least.Ticks, Intervals * interval.Ticks));
}
