using Agent.Watching;
using Netlink;

namespace Agent.Configuration;

/// <summary>The settings in force, each valid, with its origin.</summary>
internal sealed record Settings
{
    /// <summary>What is counted for.</summary>
    internal required Watch Watch { get; init; }

    /// <summary>Where the watch's ports came from.</summary>
    internal required string PortsOrigin { get; init; }

    /// <summary>Where the watch's limit came from.</summary>
    internal required string LimitOrigin { get; init; }

    /// <summary>From the beginning of one census to that of the next.</summary>
    internal required Setting<TimeSpan> Interval { get; init; }

    /// <summary>Where the textfile goes, as an absolute path; null for nowhere.</summary>
    internal required Setting<string?> TextfileDirectory { get; init; }

    /// <summary>Whose connections are counted; null for the agent's own network namespace.</summary>
    internal required Setting<NetworkNamespace?> Namespace { get; init; }
}
