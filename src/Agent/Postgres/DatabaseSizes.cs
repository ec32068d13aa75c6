using System.Collections.Immutable;
using Agent.Readings;

namespace Agent.Postgres;

/// <summary>The sizes of a server's databases, asked for at an interval of their own because the answer may take long. For one caller at a time.</summary>
/// <param name="database">Whose intervals apply.</param>
/// <param name="time">The clock.</param>
internal sealed class DatabaseSizes(Database database, TimeProvider time)
{
    // They are asked for in a round.
    private readonly TimeSpan _interval = database.SizeInterval > database.Interval ? database.SizeInterval : database.Interval;
    private volatile Answer? _answer;
    private long? _askedAt;

    /// <summary>
    /// Bytes by the name of the database; without those that the role may not ask for. Empty if the latest question failed, and if the answer is older
    /// than three intervals.
    /// </summary>
    internal ImmutableDictionary<string, long> Current =>
        _answer is { } answer && time.GetElapsedTime(answer.AskedAt) <= StaleAfter.Of(_interval)
            ? answer.Sizes
            : ImmutableDictionary<string, long>.Empty;

    /// <summary>Asks for them, if they are due.</summary>
    /// <param name="session">A connection to the server.</param>
    /// <param name="stopping">Ends it earlier.</param>
    /// <returns>Why it failed; null if it did not.</returns>
    internal async Task<DatabaseError?> RefreshAsync(Session session, CancellationToken stopping)
    {
        if (_askedAt is { } at && time.GetElapsedTime(at) < database.SizeInterval)
        {
            return null;
        }

        long now = time.GetTimestamp();
        _askedAt = now;
        try
        {
            _answer = new Answer(now, await CoreStatistics.AskSizesAsync(session, database.Timeout, stopping));
            return null;
        }
        catch (DatabaseException failure)
        {
            _answer = null;
            return failure.Error;
        }
    }

    private sealed record Answer(long AskedAt, ImmutableDictionary<string, long> Sizes);
}
