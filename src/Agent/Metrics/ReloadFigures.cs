namespace Agent.Metrics;

/// <summary>What came of reading the configuration file.</summary>
/// <param name="Successful">Whether the last attempt was successful.</param>
/// <param name="SuccessAt">When the last one was that was successful; the agent's start is one.</param>
internal sealed record ReloadFigures(bool Successful, DateTimeOffset SuccessAt);
