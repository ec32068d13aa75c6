namespace Agent.Tests.Churn;

/// <summary>
/// How many of something may have been there, and how many surely were, while a dump ran: each one counts itself when its beginning and its
/// end start and when they are over.
/// </summary>
internal sealed class Lifetimes
{
    private long _beginning;
    private long _begun;
    private long _ending;
    private long _ended;

    internal void Begin() => Interlocked.Increment(ref _beginning);

    internal void Begun() => Interlocked.Increment(ref _begun);

    internal void End() => Interlocked.Increment(ref _ending);

    internal void Ended() => Interlocked.Increment(ref _ended);

    internal long Total => Interlocked.Read(ref _ended);

    /// <summary>To be taken before the dump.</summary>
    internal (long Begun, long Ended) Before() => (Interlocked.Read(ref _begun), Interlocked.Read(ref _ended));

    /// <summary>
    /// To be taken after it. At most: all that had started to begin when the dump ended, but for those that had ended before it began. At
    /// least: all that were there when it began, but for those that had started to end when it ended.
    /// </summary>
    internal (long AtLeast, long AtMost) After((long Begun, long Ended) before)
    {
        long atMost = Interlocked.Read(ref _beginning) - before.Ended;
        long atLeast = before.Begun - Interlocked.Read(ref _ending);
        return (atLeast, atMost);
    }
}
