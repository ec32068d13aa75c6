namespace Agent.Readings;

/// <summary>
/// The result of one attempt of a <see cref="Source"/>: the values that it found, or why there are none. Immutable: any number of readers use it
/// at the same time.
/// </summary>
internal abstract record Reading
{
    /// <summary>How long the attempt took, whether it succeeded or not; null when no attempt has ended.</summary>
    public required TimeSpan? Duration { get; init; }

    /// <summary>Why nothing could be read, in one line; null when the attempt succeeded.</summary>
    public string? Failure { get; init; }

    /// <summary>Whether the attempt succeeded.</summary>
    public bool Succeeded => Failure is null;

    /// <summary>Adds the values to the history, if the source has any.</summary>
    /// <param name="history">The history.</param>
    /// <param name="view">The store with this reading in it, for values that come from another source.</param>
    internal virtual void AddTo(IHistoryWriter history, StoreView view)
    {
    }
}
