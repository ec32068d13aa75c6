using System.Collections.Immutable;
using Agent.Tasks;

namespace Agent.Readings;

/// <summary>What the store has to know about a source.</summary>
internal interface IReadingOwner
{
    /// <summary>
    /// The thing that is measured. After a reload, the new source of an equal subject keeps the last reading until it puts its own.
    /// </summary>
    object Subject { get; }

    /// <summary>How old a reading may become; null when the latest one holds until the next, however old it is.</summary>
    TimeSpan? MaximumAge { get; }

    /// <summary>The subjects of which the source adds values to the history.</summary>
    IReadOnlyList<HistorySubject> History { get; }

    /// <summary>What the store shows in place of a reading that is too old; null for nothing.</summary>
    /// <param name="last">The last reading; null when there has been none.</param>
    Reading? Stale(Reading? last);
}

/// <summary>
/// Keeps the latest reading of each source, and a history where a publisher needs one. Sources put readings at any time; any number of readers
/// get consistent views and wait for later ones, each on its own. Here, and only here, it is decided when a reading is too old.
/// </summary>
internal sealed class Store(TimeProvider time)
{
    private readonly Lock _gate = new();
    private ImmutableArray<Entry> _entries = [];
    private volatile ImmutableList<StoreReader> _readers = [];
    private StoreView _view = StoreView.Empty;
    private History? _history;
    private long _version;

    /// <summary>
    /// Raised for each reading, with the version that it brought, before any view shows it. Handlers run under the store's lock: they must be
    /// quick, and must not call the store.
    /// </summary>
    internal event Action<Reading, long>? ReadingPut;

    /// <summary>The latest readings of all sources.</summary>
    internal StoreView View
    {
        get
        {
            lock (_gate)
            {
                return Current();
            }
        }
    }

    /// <summary>
    /// Replaces the sources. A new source keeps the reading of the former one of an equal subject; readings of other former sources are dropped.
    /// </summary>
    /// <param name="sources">The sources, in the order in which views show them.</param>
    /// <param name="keepsHistory">Whether a history is kept. The history of subjects that stay survives.</param>
    internal void Replace(IReadOnlyList<IReadingOwner> sources, bool keepsHistory = false)
    {
        lock (_gate)
        {
            Expire();
            History? history = keepsHistory ? new History(time, [.. sources.SelectMany(source => source.History)], _history) : null;
            ImmutableArray<Entry> former = _entries;
            _entries = [.. sources.Select(source =>
                new Entry(source, time, former.FirstOrDefault(entry => entry.Source.Subject.Equals(source.Subject))))];
            _history = history;
            _version++;
        }

        WakeReaders();
    }

    /// <summary>Makes a reading the latest of its source. A reading of a source that was replaced is dropped.</summary>
    internal void Put(IReadingOwner source, Reading reading)
    {
        try
        {
            lock (_gate)
            {
                if (Find(source) is not { } entry)
                {
                    return;
                }

                entry.Put(reading, ++_version);
                ReadingPut?.Invoke(reading, _version);
                if (_history is { } history)
                {
                    reading.AddTo(history, Current());
                }
            }
        }
        finally
        {
            WakeReaders();
        }
    }

    /// <summary>The latest reading of a source, however old; null where there is none.</summary>
    internal Reading? LatestOf(IReadingOwner source)
    {
        lock (_gate)
        {
            return Find(source)?.Latest;
        }
    }

    /// <summary>Whether the source has put no reading for longer than it may.</summary>
    internal bool IsStale(IReadingOwner source)
    {
        lock (_gate)
        {
            Expire();
            return Find(source) is { IsStale: true };
        }
    }

    /// <summary>Starts a reader, which has seen nothing yet.</summary>
    internal StoreReader OpenReader()
    {
        StoreReader reader = new(this, time);
        lock (_gate)
        {
            _readers = _readers.Add(reader);
        }

        return reader;
    }

    /// <summary>Ends a reader.</summary>
    internal void Close(StoreReader reader)
    {
        lock (_gate)
        {
            _readers = _readers.Remove(reader);
        }
    }

    /// <summary>What has changed since a version, for a reader that decides whether to wait for more.</summary>
    internal StoreChanges ChangesSince(long version)
    {
        lock (_gate)
        {
            Expire();
            StoreChanges changes = new() { NextStaleAt = long.MaxValue };
            (int regularSources, int regularReadings) = (0, 0);
            foreach (Entry entry in _entries)
            {
                bool isNew = entry.Version > version;
                changes.Any |= isNew;
                changes.AnyStale |= isNew && entry.IsStale;
                bool isRegular = entry.Source.MaximumAge is not null;
                regularSources += isRegular ? 1 : 0;
                regularReadings += isRegular && entry.Latest is not null ? 1 : 0;
                // A source without a maximum age has no rhythm to wait for.
                changes.AnyDue |= !isNew && !entry.IsStale && entry.StaleAt != long.MaxValue;
                changes.NextStaleAt = Math.Min(changes.NextStaleAt, entry.IsStale ? long.MaxValue : entry.StaleAt);
            }

            changes.Any &= regularSources == 0 || regularReadings > 0;
            changes.View = Current();
            return changes;
        }
    }

    /// <summary>The history of a subject; null where none is kept.</summary>
    /// <param name="scope">The network namespace of the subject; null for the main one.</param>
    /// <param name="name">Its name.</param>
    internal SubjectHistory? HistoryOf(string? scope, string name)
    {
        lock (_gate)
        {
            return _history?.Of(scope, name);
        }
    }

    private Entry? Find(IReadingOwner source)
    {
        foreach (Entry entry in _entries)
        {
            if (ReferenceEquals(entry.Source, source))
            {
                return entry;
            }
        }

        return null;
    }

    private StoreView Current()
    {
        Expire();
        if (_view.Version != _version)
        {
            _view = new StoreView(_version, ImmutableArray.CreateRange(_entries, entry => entry.State));
        }

        return _view;
    }

    private void Expire()
    {
        foreach (Entry entry in _entries)
        {
            if (entry.Expire(_version + 1))
            {
                _version++;
            }
        }
    }

    /// <summary>Outside of the lock, which the readers would wait for.</summary>
    private void WakeReaders()
    {
        foreach (StoreReader reader in _readers)
        {
            reader.Changed.Set();
        }
    }

    /// <summary>A source and its latest reading. Everything here happens under the store's lock.</summary>
    private sealed class Entry
    {
        private readonly TimeProvider _time;
        private Reading? _reading;
        private long _putAt;
        private long? _succeededAt;
        private bool _hasSucceededLately;

        internal Entry(IReadingOwner source, TimeProvider time, Entry? former)
        {
            (_time, Source, _putAt) = (time, source, time.GetTimestamp());
            if (former is null)
            {
                return;
            }

            (_reading, Version, IsStale) = (former._reading, former.Version, former.IsStale);
            if (source.MaximumAge is null || source.MaximumAge >= former.Source.MaximumAge)
            {
                // With a shorter maximum the age starts again: the reading was not due before.
                _putAt = former._putAt;
            }

            _succeededAt = former._succeededAt;
            _hasSucceededLately = IsRecent(_succeededAt);
        }

        internal IReadingOwner Source { get; }

        /// <summary>The version that its latest reading brought, or that it became stale with.</summary>
        internal long Version { get; private set; }

        internal bool IsStale { get; private set; }

        internal Reading? Latest => _reading;

        /// <summary>When it becomes stale, as a timestamp of the clock.</summary>
        internal long StaleAt => Source.MaximumAge is { } maximum ? _putAt + _time.ToTicks(maximum) : long.MaxValue;

        internal SourceState State => new(Source.Subject, IsStale ? Source.Stale(_reading) : _reading, _hasSucceededLately);

        internal void Put(Reading reading, long version)
        {
            (_reading, Version, IsStale) = (reading, version, false);
            _putAt = _time.GetTimestamp();
            _succeededAt = reading.Succeeded ? _putAt : _succeededAt;
            _hasSucceededLately = IsRecent(_succeededAt);
        }

        /// <summary>Finds out what has become too old.</summary>
        /// <param name="version">The version that this would bring.</param>
        /// <returns>Whether something has.</returns>
        internal bool Expire(long version)
        {
            bool wasRecent = _hasSucceededLately;
            _hasSucceededLately = IsRecent(_succeededAt);
            if (!IsStale && _time.GetTimestamp() >= StaleAt)
            {
                (IsStale, Version) = (true, version);
                return true;
            }

            return wasRecent != _hasSucceededLately;
        }

        private bool IsRecent(long? succeededAt) =>
            succeededAt is { } at && (Source.MaximumAge is not { } maximum || _time.GetElapsedTime(at) <= maximum);
    }
}
