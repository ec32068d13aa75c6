namespace Agent.Hosting;

/// <summary>What ended a wait.</summary>
internal enum WaitEnd
{
    /// <summary>It was told to end.</summary>
    Stopping,

    /// <summary>The signal that it waited for besides.</summary>
    Signal,

    /// <summary>The moment has come.</summary>
    Due,
}
