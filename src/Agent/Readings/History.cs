using System.Collections.Immutable;
using Agent.Tasks;

namespace Agent.Readings;

/// <summary>A watch, or another thing that values are kept of.</summary>
/// <param name="Scope">The configured name of its network namespace; null for the main one.</param>
/// <param name="Name">Its name.</param>
/// <param name="Interval">The time from one value to the next.</param>
internal sealed record HistorySubject(string? Scope, string Name, TimeSpan Interval);

/// <summary>The values that the history keeps of a subject.</summary>
internal enum HistoryValue
{
    /// <summary>Connections that all clients hold.</summary>
    Held,

    /// <summary>Connections that the client with most of them holds.</summary>
    HighestClient,

    /// <summary>How many connections a client may hold.</summary>
    Limit,

    /// <summary>Connections in the accept queues.</summary>
    AcceptQueue,

    /// <summary>The dead ones of the connections that all clients hold.</summary>
    Dead,

    /// <summary>How many connections all clients together may hold.</summary>
    TotalLimit,
}

/// <summary>The history of one subject.</summary>
/// <param name="Hour">The last hour, in short steps.</param>
/// <param name="Day">The last day, in long steps.</param>
internal sealed record SubjectHistory(HistoryLines Hour, HistoryLines Day);

/// <summary>Values at equal steps of time.</summary>
/// <param name="LatestAt">When the step of the last value began.</param>
/// <param name="Step">The length of a step.</param>
/// <param name="Values">For each <see cref="HistoryValue"/> the highest value of each step, the oldest first; null where there was none.</param>
internal sealed record HistoryLines(DateTimeOffset LatestAt, TimeSpan Step, ImmutableArray<ImmutableArray<int?>> Values)
{
    /// <summary>The values of one kind.</summary>
    internal ImmutableArray<int?> this[HistoryValue kind] => Values[(int)kind];
}

/// <summary>Takes values into the history, at the current time.</summary>
internal interface IHistoryWriter
{
    /// <summary>Adds a value. Of several values in one step of the history the highest stays. Values of unknown subjects are dropped.</summary>
    void Add(string? scope, string name, HistoryValue kind, long value);
}

/// <summary>
/// The values of the last hour, at the interval of the subject but at least one second apart, and those of the last day by the minute. With so
/// many subjects that all of them would take more than 4 MB, both become coarser by a common factor. In memory only; not for several threads.
/// </summary>
internal sealed class History : IHistoryWriter
{
    /// <summary>The most memory that the values of all subjects take, in bytes.</summary>
    internal const int MaxBytes = 4_000_000;

    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);
    private static readonly TimeSpan ShortestStep = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MinuteStep = TimeSpan.FromMinutes(1);
    private static readonly int Kinds = Enum.GetValues<HistoryValue>().Length;

    private readonly TimeProvider _time;
    private readonly Dictionary<(string? Scope, string Name), (ValueRing Hour, ValueRing Day)> _rings = [];

    /// <param name="time">The clock.</param>
    /// <param name="subjects">Everything that values are kept of. Of several with one scope and name, the first counts.</param>
    /// <param name="former">The history so far, of which the values of these subjects are kept; null for none.</param>
    internal History(TimeProvider time, IReadOnlyList<HistorySubject> subjects, History? former)
    {
        _time = time;
        // Several sources may have values of one subject.
        HistorySubject[] distinct = [.. subjects.DistinctBy(subject => (subject.Scope, subject.Name))];
        int factor = FactorFor(distinct);
        foreach (HistorySubject subject in distinct)
        {
            TimeSpan step = (subject.Interval > ShortestStep ? subject.Interval : ShortestStep) * factor;
            (ValueRing hour, ValueRing day) = (RingOf(step, Hour), RingOf(MinuteStep * factor, Day));
            if (former is not null && former._rings.TryGetValue((subject.Scope, subject.Name), out (ValueRing Hour, ValueRing Day) known))
            {
                long now = time.GetTimestamp();
                (hour, day) = (hour.TakeOver(known.Hour, now), day.TakeOver(known.Day, now));
            }

            _rings.Add((subject.Scope, subject.Name), (hour, day));
        }
    }

    /// <summary>The memory that the values take when all of them have been added once, in bytes.</summary>
    internal long Bytes => _rings.Values.Sum(rings => rings.Hour.Bytes + rings.Day.Bytes);

    public void Add(string? scope, string name, HistoryValue kind, long value)
    {
        if (_rings.TryGetValue((scope, name), out (ValueRing Hour, ValueRing Day) rings))
        {
            long now = _time.GetTimestamp();
            int stored = (int)Math.Min(value, int.MaxValue);
            rings.Hour.Add(now, (int)kind, stored);
            rings.Day.Add(now, (int)kind, stored);
        }
    }

    /// <summary>The values of a subject; null for an unknown one.</summary>
    internal SubjectHistory? Of(string? scope, string name) =>
        _rings.TryGetValue((scope, name), out (ValueRing Hour, ValueRing Day) rings)
            ? new SubjectHistory(Lines(rings.Hour), Lines(rings.Day))
            : null;

    /// <summary>By which the steps are longer than with few subjects.</summary>
    private static int FactorFor(IReadOnlyList<HistorySubject> subjects)
    {
        int factor = 1;
        while (subjects.Sum(subject => (long)Kinds * sizeof(int) * (PointsOf(subject, factor))) > MaxBytes)
        {
            factor++;
        }

        return factor;
    }

    private static int PointsOf(HistorySubject subject, int factor)
    {
        TimeSpan step = (subject.Interval > ShortestStep ? subject.Interval : ShortestStep) * factor;
        return PointsIn(Hour, step) + PointsIn(Day, MinuteStep * factor);
    }

    private static int PointsIn(TimeSpan span, TimeSpan step) => (int)Math.Max(1, Math.Ceiling(span / step));

    private ValueRing RingOf(TimeSpan step, TimeSpan span) => new(step, _time.ToTicks(step), PointsIn(span, step), Kinds);

    private HistoryLines Lines(ValueRing ring)
    {
        long now = _time.GetTimestamp();
        // The age of a point is known by the monotonic clock, its date by the wall clock as it is now.
        return new HistoryLines(
            _time.GetUtcNow() - _time.GetElapsedTime(ring.StartOfLatest(now), now),
            ring.Step,
            [.. Enumerable.Range(0, Kinds).Select(kind => ring.Values(now, kind))]);
    }
}
