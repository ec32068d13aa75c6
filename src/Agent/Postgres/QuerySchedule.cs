using System.Collections.Immutable;
using Agent.Readings;

namespace Agent.Postgres;

/// <summary>One custom query on one database: when it is due, and what its last run brought. For one thread at a time.</summary>
/// <param name="query">The query.</param>
/// <param name="database">The database.</param>
/// <param name="time">The clock.</param>
internal sealed class QuerySchedule(Query query, Database database, TimeProvider time)
{
    // Rounds are never quite on time. Without this a query of the database's own interval would miss every second round.
    private const double Early = 0.9;

    private readonly TimeSpan _interval = query.Interval ?? database.Interval;
    private long? _begunAt;
    private long _succeededAt;
    private bool _isDueAtOnce = true;
    private QueryReading _last = new(query, null, TimeSpan.Zero);

    /// <summary>The query.</summary>
    internal Query Query => query;

    /// <summary>How long the server may take.</summary>
    internal TimeSpan Timeout => query.Timeout ?? database.Timeout;

    /// <summary>Counts its failures.</summary>
    internal Quarantine Quarantine { get; } = new(Quarantine.LongestOfQuery, time);

    /// <summary>Whether it runs in the round that begins now.</summary>
    internal bool IsDue => Quarantine.MayTry && (_isDueAtOnce || time.GetElapsedTime(_begunAt!.Value) >= _interval * Early);

    /// <summary>Why the last run failed; null if it succeeded.</summary>
    internal DatabaseError? Error => _last.Error;

    /// <summary>The state for the reading; null before the first run. Without samples if they are older than three intervals.</summary>
    internal QueryReading? Reading => _begunAt is null ? null
        : _last.LastSuccess is null || time.GetElapsedTime(_succeededAt) <= StaleAfter.Of(_interval) ? _last
        : _last with { Samples = [], Series = null };

    /// <summary>The series that the last run produced; 0 if it failed.</summary>
    internal int Series => _last.Series ?? 0;

    internal void Begin() => (_begunAt, _isDueAtOnce) = (time.GetTimestamp(), false);

    internal void Succeeded(ImmutableArray<QuerySample> samples, int series)
    {
        Quarantine.Succeeded();
        _succeededAt = time.GetTimestamp();
        _last = new QueryReading(query, null, time.GetElapsedTime(_begunAt!.Value)) { LastSuccess = time.GetUtcNow(), Samples = samples, Series = series };
    }

    internal void Failed(DatabaseError error)
    {
        Quarantine.Failed();
        _last = new QueryReading(query, error, time.GetElapsedTime(_begunAt!.Value))
        {
            LastSuccess = _last.LastSuccess,
            IsQuarantined = Quarantine.IsActive,
        };
    }

    /// <summary>Takes over the result of the schedule before a reload, if it is one of an equal query. It is due at once.</summary>
    internal void TakeOver(QuerySchedule former)
    {
        if (former._begunAt is not null && former._last.Error is null
            && former.Query with
            {
                Help = query.Help,
                Labels = query.Labels,
                Interval = query.Interval,
                Timeout = query.Timeout,
                MaxSeries = query.MaxSeries,
            } == query
            && former.Query.Labels.SequenceEqual(query.Labels))
        {
            (_last, _succeededAt) = (former._last with { Query = query }, former._succeededAt);
            _begunAt = former._begunAt;
        }
    }
}
