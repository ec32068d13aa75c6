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

    /// <summary>The agent's own HTTP endpoint; null for none.</summary>
    internal EndpointSettings? Endpoint { get; init; }

    /// <summary>Where the settings of <see cref="Endpoint"/> came from.</summary>
    internal EndpointOrigins EndpointOrigins { get; init; } = new();

    /// <summary>What every count is narrowed to; null for nothing. Only for a census that stands alone.</summary>
    internal SocketFilter? Filter { get; init; }

    /// <summary>The configuration file that was read, and may be read anew; null without one, and for a pipe.</summary>
    internal ConfigurationSource? Source { get; init; }

    /// <summary>What the operator is to be told once: settings that were given and have no effect.</summary>
    internal ImmutableArray<string> Notices { get; init; } = [];

    /// <summary>The watches by network namespace, the main one first; each costs one walk.</summary>
    internal ImmutableArray<WatchedNamespace> Namespaces
    {
        get
        {
            // Not grouped and sorted by LINQ, parts of which have no precompiled code and would be compiled at each start.
            ImmutableArray<WatchedNamespace>.Builder namespaces = ImmutableArray.CreateBuilder<WatchedNamespace>();
            foreach (WatchSettings watch in Watches)
            {
                string? name = watch.Namespace?.Where;
                int at = IndexOf(namespaces, name);
                if (at >= 0)
                {
                    namespaces[at] = namespaces[at] with { Watches = namespaces[at].Watches.Add(watch.Watch) };
                }
                else
                {
                    namespaces.Insert(name is null ? 0 : namespaces.Count, new WatchedNamespace(watch.Namespace ?? Namespace.Value, name, [watch.Watch]));
                }
            }

            return namespaces.ToImmutable();
        }
    }

    private static int IndexOf(ImmutableArray<WatchedNamespace>.Builder namespaces, string? name)
    {
        for (int i = 0; i < namespaces.Count; i++)
        {
            if (namespaces[i].Label == name)
            {
                return i;
            }
        }

        return -1;
    }
}
