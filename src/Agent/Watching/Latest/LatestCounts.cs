using System.Collections.Immutable;

namespace Agent.Watching.Latest;

/// <summary>
/// What the latest census of each network namespace found. Censuses put it here, each when it ends; whoever publishes takes it from here and
/// never waits for the kernel. Numbers that nobody renews grow too old, and are not told any more.
/// </summary>
internal sealed class LatestCounts(TimeProvider time)
{
    // What other namespaces are waited for once one was counted: each of them is written, and all of them in one go where they can be.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private ImmutableArray<CensusPlace> _places = [];
    private long? _roundBegunAt;

    /// <summary>Is set by each change.</summary>
    internal AutoResetEvent Changed { get; } = new(false);

    /// <summary>What is counted for.</summary>
    internal ImmutableArray<WatchedNamespace> Namespaces
    {
        get
        {
            lock (_gate)
            {
                return [.. _places.Select(place => place.Where)];
            }
        }
    }

    /// <summary>What is known now; without the namespaces of which nothing is known yet.</summary>
    internal Snapshot Snapshot
    {
        get
        {
            lock (_gate)
            {
                return new Snapshot([.. _places.Select(place => place.Counts).OfType<NamespaceCounts>()]);
            }
        }
    }

    /// <summary>
    /// Why nobody should rely on the numbers, in one line; null when anybody may. The main network namespace decides; where nothing is watched in
    /// it, one of the others is enough.
    /// </summary>
    internal string? NotReadyBecause
    {
        get
        {
            lock (_gate)
            {
                ImmutableArray<CensusPlace> deciding = _places.Any(place => place.Where.Label is null)
                    ? [_places.First(place => place.Where.Label is null)]
                    : _places;
                return deciding.Any(place => place.HasSucceededLately)
                    ? null
                    : deciding.Select(place => place.Counts?.Failure).FirstOrDefault(failure => failure is not null)
                        ?? "no census has ended yet";
            }
        }
    }

    /// <summary>From now on these namespaces are counted. What is known of one that was counted before holds until its next census.</summary>
    /// <returns>A place for each of them, in their order.</returns>
    internal ImmutableArray<CensusPlace> Replace(IEnumerable<WatchedNamespace> namespaces, TimeSpan interval)
    {
        ImmutableArray<CensusPlace> next = [.. namespaces.Select(where => new CensusPlace(this, where, interval, time))];
        Change(() =>
        {
            foreach (CensusPlace place in next)
            {
                if (_places.FirstOrDefault(former => former.Where.IsSameNamespaceAs(place.Where)) is { } former)
                {
                    place.TakeOver(former);
                }
            }

            _places = next;
        });
        return next;
    }

    /// <summary>
    /// Ends a round when each namespace was counted in it, or some were and the others had their time; or when one has become overdue.
    /// </summary>
    /// <param name="nextAt">Where none has ended: when one will even without a change, as a timestamp of the clock.</param>
    /// <returns>Whether one has ended, so that there is something new to publish.</returns>
    internal bool TryEndRound(out long nextAt)
    {
        lock (_gate)
        {
            long now = time.GetTimestamp();
            ImmutableArray<CensusPlace> onTime = [.. _places.Where(place => !place.IsKnownToBeOverdue)];
            bool oneIsOverdue = onTime.Any(place => place.IsOverdue);
            bool someAreFresh = _places.Any(place => place.IsFresh);
            _roundBegunAt = someAreFresh ? _roundBegunAt ?? now : null;
            long graceEndsAt = _roundBegunAt + (long)(Grace.TotalSeconds * time.TimestampFrequency) ?? long.MaxValue;
            nextAt = Math.Min(graceEndsAt, onTime.Select(place => place.OverdueAt).DefaultIfEmpty(long.MaxValue).Min());
            if (!oneIsOverdue && !(someAreFresh && onTime.All(place => place.IsFresh)) && now < graceEndsAt)
            {
                return false;
            }

            foreach (CensusPlace place in _places)
            {
                place.IsFresh = false;
                place.IsKnownToBeOverdue = place.IsOverdue;
            }

            _roundBegunAt = null;
            return true;
        }
    }

    /// <summary>Changes something of what is here, and tells of it.</summary>
    internal void Change(Action change)
    {
        lock (_gate)
        {
            change();
        }

        Changed.Set();
    }
}
