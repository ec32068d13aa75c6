using Agent.Tasks;

namespace Agent.Readings;

/// <summary>
/// A task that measures something and puts a <see cref="Reading"/> into the <see cref="Store"/> after each attempt. It knows no publisher. The
/// store has to know a source before the source runs.
/// </summary>
internal abstract class Source : SupervisedTask
{
    private Store? _store;

    /// <summary>
    /// The thing that is measured. After a reload, the new source of an equal subject keeps the last reading until it puts its own.
    /// </summary>
    internal abstract object Subject { get; }

    /// <summary>How old a reading may become; null when the latest one holds until the next, however old it is.</summary>
    internal virtual TimeSpan? MaximumAge => null;

    /// <summary>The subjects of which the source adds values to the history.</summary>
    internal virtual IReadOnlyList<HistorySubject> History => [];

    internal sealed override TimeSpan? HangTimeout => MaximumAge;

    // The store alone decides what is too old: a source that hangs is a source whose reading is stale.
    internal sealed override bool IsHanging => _store is { } store && store.IsStale(this);

    /// <summary>What the store shows in place of a reading that is too old; null for nothing.</summary>
    /// <param name="last">The last reading; null when there has been none.</param>
    internal virtual Reading? Stale(Reading? last) => null;

    /// <summary>Called by the store that knows the source from now on.</summary>
    internal void Attach(Store store) => _store = store;

    /// <summary>Puts the latest reading into the store.</summary>
    /// <exception cref="InvalidOperationException">The source has not been given to a store.</exception>
    protected void Put(Reading reading) =>
        (_store ?? throw new InvalidOperationException($"{Name} has not been given to a store")).Put(this, reading);
}

/// <summary>How old a reading may become before it no longer counts: three intervals, and at least 10 s.</summary>
internal static class StaleAfter
{
    private const int Intervals = 3;
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(10);

    /// <param name="interval">The time from one reading of the source to the next.</param>
    internal static TimeSpan Of(TimeSpan interval) => TimeSpan.FromTicks(Math.Max(Least.Ticks, Intervals * interval.Ticks));
}
