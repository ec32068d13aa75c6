using Agent.Tasks;

namespace Agent.Readings;

/// <summary>
/// One reader's place in the store: which version it has seen. What it takes it takes from no other reader. For one thread.
/// </summary>
internal sealed class StoreReader(Store store, TimeProvider time) : IDisposable
{
    // For the other sources, when one has put a reading: publishers show all of them together where they can.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private long _seen;
    private long? _firstChangeAt;

    /// <summary>Set by each change of the store.</summary>
    internal AutoResetEvent Changed { get; } = new(false);

    /// <summary>Waits for a view that is later than the last one that this reader took.</summary>
    /// <returns>The view; null when stopping.</returns>
    internal StoreView? Wait(CancellationToken stopping)
    {
        // Checked first: where readings come faster than the reader takes them, it never has to wait.
        while (!stopping.IsCancellationRequested)
        {
            if (TryTake(out long nextAt) is { } view)
            {
                return view;
            }

            time.WaitUntil(nextAt, stopping, Changed);
        }

        return null;
    }

    /// <summary>
    /// Takes the latest view once each source has put a reading since the last one, or some have and the others had a second, or a reading has
    /// become too old.
    /// </summary>
    /// <param name="nextAt">Without a view: when there will be one even without a further reading, as a timestamp of the clock.</param>
    internal StoreView? TryTake(out long nextAt)
    {
        long now = time.GetTimestamp();
        StoreChanges changes = store.ChangesSince(_seen);
        _firstChangeAt = changes.Any ? _firstChangeAt ?? now : null;
        long graceEndsAt = _firstChangeAt + time.ToTicks(Grace) ?? long.MaxValue;
        nextAt = Math.Min(graceEndsAt, changes.NextStaleAt);
        if (!changes.AnyStale && !(changes.Any && !changes.AnyDue) && now < graceEndsAt)
        {
            return null;
        }

        _seen = changes.View.Version;
        _firstChangeAt = null;
        return changes.View;
    }

    public void Dispose()
    {
        store.Close(this);
        // The event stays: the store may set it at the same time.
    }
}

/// <summary>How the store differs from a version that a reader has seen.</summary>
internal struct StoreChanges
{
    /// <summary>The store now.</summary>
    internal StoreView View { get; set; }

    /// <summary>
    /// Whether a source has put a reading since, or became stale; not before a source that puts readings regularly has put its first one.
    /// </summary>
    internal bool Any { get; set; }

    /// <summary>Whether a reading became stale since.</summary>
    internal bool AnyStale { get; set; }

    /// <summary>Whether a source that puts readings regularly has put none since.</summary>
    internal bool AnyDue { get; set; }

    /// <summary>When the next reading becomes stale, as a timestamp of the clock.</summary>
    internal long NextStaleAt { get; set; }
}
