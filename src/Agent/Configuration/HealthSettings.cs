namespace Agent.Configuration;

/// <summary>
/// What <c>agent health</c> goes by. Nothing else is read for it: a variable that the agent does without, because an option takes its place,
/// is not to fail its health check.
/// </summary>
internal sealed record HealthSettings
{
    /// <summary>From the beginning of one of the agent's censuses to that of the next.</summary>
    internal required Setting<TimeSpan> Interval { get; init; }

    /// <summary>Where the agent's textfile is, as an absolute path; null for nowhere.</summary>
    internal required Setting<string?> TextfileDirectory { get; init; }
}
