namespace Agent.Tests.Churn;

/// <summary>
/// The highest and the lowest possible number of objects during a dump. Each object reports four moments: before and after its creation, before and
/// after its end.
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

    /// <summary>The counters before the dump.</summary>
    internal (long Begun, long Ended) Before() => (Interlocked.Read(ref _begun), Interlocked.Read(ref _ended));

    /// <summary>
    /// The possible numbers after the dump. At most: the objects whose creation had started when the dump ended, without those that had ended before
    /// the dump. At least: the objects that existed when the dump started, without those whose end had started when the dump ended.
    /// </summary>
    internal (long AtLeast, long AtMost) After((long Begun, long Ended) before)
    {
        long atMost = Interlocked.Read(ref _beginning) - before.Ended;
        long atLeast = before.Begun - Interlocked.Read(ref _ending);
        return (atLeast, atMost);
    }
}
