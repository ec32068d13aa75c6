namespace Agent.Postgres;

/// <summary>
/// Tries what failed repeatedly less often: after three failures in a row it pauses for 30 s, then twice as long after each further failure. One
/// success ends it. For one thread at a time.
/// </summary>
/// <param name="longest">The longest pause.</param>
/// <param name="time">The clock.</param>
internal sealed class Quarantine(TimeSpan longest, TimeProvider time)
{
    /// <summary>The longest pause of a database.</summary>
    internal static readonly TimeSpan LongestOfDatabase = TimeSpan.FromMinutes(5);

    /// <summary>The longest pause of a query.</summary>
    internal static readonly TimeSpan LongestOfQuery = TimeSpan.FromHours(1);

    private const int Tolerated = 3;
    private const double Jitter = 0.1;
    private static readonly TimeSpan First = TimeSpan.FromSeconds(30);

    private int _failures;
    private long _pausedAt;
    private TimeSpan _pause;

    /// <summary>Whether it has failed too often, and has not succeeded since.</summary>
    internal bool IsActive => _failures >= Tolerated;

    /// <summary>How long the latest pause is.</summary>
    internal TimeSpan Pause => _pause;

    /// <summary>Whether it may be tried now.</summary>
    internal bool MayTry => !IsActive || time.GetElapsedTime(_pausedAt) >= _pause;

    internal void Succeeded() => _failures = 0;

    internal void Failed()
    {
        _failures++;
        if (IsActive)
        {
            TimeSpan pause = First * Math.Pow(2, Math.Min(_failures - Tolerated, 16));
            // So that agents that lost one server do not all return at the same moment.
            _pause = (pause < longest ? pause : longest) * (1 - (Jitter * Random.Shared.NextDouble()));
            _pausedAt = time.GetTimestamp();
        }
    }
}
