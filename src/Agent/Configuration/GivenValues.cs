namespace Agent.Configuration;

/// <summary>What stands on the command line, as text; null or empty where nothing does.</summary>
internal sealed record GivenValues
{
    /// <summary>Whether one census is all that is wanted, for which the endpoint's variables do not matter.</summary>
    internal bool IsOnce { get; init; }

    internal IReadOnlyList<string> Ports { get; init; } = [];

    internal string? Watch { get; init; }

    internal string? Limit { get; init; }

    internal string? Warning { get; init; }

    internal string? Critical { get; init; }

    internal string? Interval { get; init; }

    internal string? TextfileDirectory { get; init; }

    internal string? Namespace { get; init; }

    internal string? ConfigurationFile { get; init; }

    internal string? Filter { get; init; }

    internal IReadOnlyList<string> Listen { get; init; } = [];

    internal string? ListenTokenFile { get; init; }

    internal string? ListenCertificateFile { get; init; }

    internal string? ListenKeyFile { get; init; }
}
