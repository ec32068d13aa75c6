namespace Agent.Watching.Latest;

/// <summary>Where the censuses of one network namespace leave what they found.</summary>
internal sealed class CensusPlace
{
    private readonly LatestCounts _latest;
    private readonly TimeProvider _time;
    private readonly TimeSpan _patience;

    // All of it under the lock of what this is a part of.
    private NamespaceCounts? _counts;
    private long _heardAt;
    private long? _succeededAt;

    internal CensusPlace(LatestCounts latest, WatchedNamespace where, TimeSpan interval, TimeProvider time)
    {
        _latest = latest;
        _time = time;
        _patience = Patience.With(interval);
        _heardAt = time.GetTimestamp();
        Where = where;
    }

    /// <summary>What is counted for.</summary>
    internal WatchedNamespace Where { get; }

    /// <summary>Whether a census has ended here since the round began.</summary>
    internal bool IsFresh { get; set; }

    /// <summary>Whether it was published already that nothing is heard of its censuses.</summary>
    internal bool IsKnownToBeOverdue { get; set; }

    /// <summary>When nothing will have been heard of its censuses for too long, as a timestamp of the clock.</summary>
    internal long OverdueAt => _heardAt + (long)(_patience.TotalSeconds * _time.TimestampFrequency);

    internal bool IsOverdue => _time.GetTimestamp() >= OverdueAt;

    /// <summary>Whether a census has succeeded, and lately enough.</summary>
    internal bool HasSucceededLately => _succeededAt is { } succeeded && _time.GetElapsedTime(succeeded) <= _patience;

    /// <summary>What there is to say now; null before there is anything.</summary>
    internal NamespaceCounts? Counts
    {
        get
        {
            if (!IsOverdue)
            {
                return _counts;
            }

            // What a census found that was the last one to end is not what there is now.
            NamespaceCounts last = _counts ?? new NamespaceCounts { Netns = Where.Label, Duration = null, LastSuccess = null };
            return last with { Ports = [], Watches = [], Failure = $"no census has ended for {(long)_patience.TotalSeconds} s" };
        }
    }

    /// <summary>Leaves what a census found.</summary>
    internal void Put(NamespaceCounts counts) => _latest.Change(() =>
    {
        _counts = counts;
        _heardAt = _time.GetTimestamp();
        _succeededAt = counts.Succeeded ? _heardAt : _succeededAt;
        IsFresh = true;
        IsKnownToBeOverdue = false;
    });

    /// <summary>Takes over what lies in the place that this one is instead of.</summary>
    internal void TakeOver(CensusPlace former)
    {
        // How long nothing may be heard is reckoned anew, for it may be another length of time.
        _counts = former.IsOverdue ? null : former._counts;
        _succeededAt = former._succeededAt;
    }
}
