namespace Agent.Watching;

/// <summary>
/// How near a watch is to its limit, by the client that holds most. In rising order: the worst of several is the highest.
/// </summary>
internal enum WatchState
{
    /// <summary>Below every threshold, or there is none.</summary>
    Fine,

    /// <summary>At the lower threshold or beyond.</summary>
    Warning,

    /// <summary>Not at the upper threshold as far as is known; a threshold is a share of a limit that is not known.</summary>
    Unknown,

    /// <summary>At the upper threshold or beyond.</summary>
    Critical,
}
