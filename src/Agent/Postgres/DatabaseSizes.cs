using System.Collections.Immutable;

namespace Agent.Postgres;

/// <summary>The sizes of a server's databases, asked for at an interval of their own because the answer may take long. For one caller at a time.</summary>
/// <param name="database">Whose intervals apply.</param>
/// <param name="time">The clock.</param>
internal sealed class DatabaseSizes(Database database, TimeProvider time)
{
    private long? _askedAt;

    /// <summary>Bytes by the name of the database; without those that the role may not ask for, and empty if the latest question failed.</summary>
    internal ImmutableDictionary<string, long> Current { get; private set; } = ImmutableDictionary<string, long>.Empty;

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

        _askedAt = time.GetTimestamp();
        try
        {
            Current = await CoreStatistics.AskSizesAsync(session, database.Timeout, stopping);
            return null;
        }
        catch (DatabaseException failure)
        {
            Current = ImmutableDictionary<string, long>.Empty;
            return failure.Error;
        }
    }
}
