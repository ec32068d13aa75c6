using System.Collections.Immutable;

namespace Agent.Readings;

/// <summary>The latest readings of all sources at one moment. Immutable.</summary>
/// <param name="Version">Grows with each change of the store.</param>
/// <param name="Sources">The sources, in the order of the configuration.</param>
internal sealed record StoreView(long Version, ImmutableArray<SourceState> Sources)
{
    internal static readonly StoreView Empty = new(0, []);

    /// <summary>A view of readings that were taken once, without a store.</summary>
    internal static StoreView Of(params IEnumerable<Reading> readings) =>
        new(1, [.. readings.Select(reading => new SourceState(reading, reading, reading.Succeeded))]);

    /// <summary>The latest readings of one kind; without the sources that have none.</summary>
    internal IEnumerable<TReading> All<TReading>()
        where TReading : Reading
    {
        foreach (SourceState source in Sources)
        {
            if (source.Reading is TReading reading)
            {
                yield return reading;
            }
        }
    }
}

/// <summary>What a view shows of one source.</summary>
/// <param name="Subject">The thing that is measured.</param>
/// <param name="Reading">The latest reading, or what stands for one that is too old; null where there is none.</param>
/// <param name="HasSucceededLately">Whether an attempt has succeeded, and not too long ago.</param>
internal readonly record struct SourceState(object Subject, Reading? Reading, bool HasSucceededLately);
