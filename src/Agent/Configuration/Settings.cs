using System.Collections.Immutable;
using Agent.Watching;
using Netlink;
using Netlink.SockDiag.Filters;

namespace Agent.Configuration;

/// <summary>The settings in force, each valid, with its origin.</summary>
internal sealed record Settings
{
    /// <summary>What is counted for, in the order of the configuration.</summary>
    internal required ImmutableArray<WatchSettings> Watches { get; init; }

    /// <summary>From the beginning of one census to that of the next.</summary>
    internal required Setting<TimeSpan> Interval { get; init; }

    /// <summary>Where the textfile goes, as an absolute path; null for nowhere.</summary>
    internal required Setting<string?> TextfileDirectory { get; init; }

    /// <summary>The main network namespace; null for the agent's own.</summary>
    internal required Setting<NetworkNamespace?> Namespace { get; init; }

    /// <summary>What every count is narrowed to; null for nothing. Only for a census that stands alone.</summary>
    internal SocketFilter? Filter { get; init; }

    /// <summary>What the operator is to be told once: settings that were given and have no effect.</summary>
    internal ImmutableArray<string> Notices { get; init; } = [];

    /// <summary>The watches by network namespace, the main one first; each costs one walk.</summary>
    internal ImmutableArray<WatchedNamespace> Namespaces =>
    [
        .. Watches.GroupBy(settings => settings.Namespace?.Where)
            .OrderBy(group => group.Key is not null)
            .Select(group => new WatchedNamespace(
                group.Key is null ? Namespace.Value : group.First().Namespace, group.Key, [.. group.Select(settings => settings.Watch)])),
    ];
}
