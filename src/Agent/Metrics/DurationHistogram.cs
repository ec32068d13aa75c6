using System.Collections.Immutable;

namespace Agent.Metrics;

/// <summary>How long something took, each time. Any number of threads may observe and read; what is read is of one moment.</summary>
internal sealed class DurationHistogram
{
    /// <summary>
    /// From a census of an idle host to one that hangs. The labels are OpenMetrics' canonical numbers, and the same in the text format.
    /// </summary>
    internal static readonly ImmutableArray<DurationBucket> Buckets =
    [
        new(TimeSpan.FromMicroseconds(50), "5e-05"),
        new(TimeSpan.FromMicroseconds(100), "0.0001"),
        new(TimeSpan.FromMicroseconds(250), "0.00025"),
        new(TimeSpan.FromMicroseconds(500), "0.0005"),
        new(TimeSpan.FromMilliseconds(1), "0.001"),
        new(TimeSpan.FromMicroseconds(2_500), "0.0025"),
        new(TimeSpan.FromMilliseconds(5), "0.005"),
        new(TimeSpan.FromMilliseconds(10), "0.01"),
        new(TimeSpan.FromMilliseconds(25), "0.025"),
        new(TimeSpan.FromMilliseconds(50), "0.05"),
        new(TimeSpan.FromMilliseconds(100), "0.1"),
        new(TimeSpan.FromMilliseconds(250), "0.25"),
        new(TimeSpan.FromMilliseconds(500), "0.5"),
        new(TimeSpan.FromSeconds(1), "1.0"),
        new(TimeSpan.FromMilliseconds(2_500), "2.5"),
        new(TimeSpan.FromSeconds(5), "5.0"),
        new(TimeSpan.FromSeconds(10), "10.0"),
        new(TimeSpan.MaxValue, "+Inf"),
    ];

    private readonly Lock _gate = new();
    private readonly long[] _counts = new long[Buckets.Length];
    private TimeSpan _sum;

    /// <summary>Counts one.</summary>
    internal void Observe(TimeSpan duration)
    {
        int bucket = 0;
        while (duration > Buckets[bucket].UpTo)
        {
            bucket++;
        }

        lock (_gate)
        {
            _counts[bucket]++;
            _sum += duration;
        }
    }

    /// <summary>Reads what was observed so far.</summary>
    /// <param name="cumulative">For each of <see cref="Buckets"/>: how many were as long at the most.</param>
    /// <returns>All of them added up.</returns>
    internal TimeSpan Read(Span<long> cumulative)
    {
        lock (_gate)
        {
            long count = 0;
            for (int i = 0; i < _counts.Length; i++)
            {
                cumulative[i] = count += _counts[i];
            }

            return _sum;
        }
    }
}
