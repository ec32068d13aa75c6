using Agent.Watching;
using Netlink;

namespace Agent.Configuration;

/// <summary>The settings in force, each valid, with its origin.</summary>
internal sealed record Settings
{
    /// <summary>The one watch that there is without a configuration file.</summary>
    internal required Setting<Watch> Watch { get; init; }

    /// <summary>From the beginning of one census to that of the next.</summary>
    internal required Setting<TimeSpan> Interval { get; init; }

    /// <summary>Where the textfile goes, as an absolute path; null for nowhere.</summary>
    internal required Setting<string?> TextfileDirectory { get; init; }

    /// <summary>Whose connections are counted; null for the agent's own network namespace.</summary>
    internal required Setting<NetworkNamespace?> Namespace { get; init; }
}
