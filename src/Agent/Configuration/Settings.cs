using System.Collections.Immutable;
using Agent.Configuration.File;
using Agent.Postgres;
using Agent.Watching;
using Netlink;
using Netlink.SockDiag.Filters;

namespace Agent.Configuration;

/// <summary>All settings in force; each is valid.</summary>
internal sealed record Settings
{
    /// <summary>The watches in the order of the configuration.</summary>
    internal required ImmutableArray<WatchSettings> Watches { get; init; }

    /// <summary>The databases in the order of the configuration, each with its queries.</summary>
    internal ImmutableArray<Database> Databases { get; init; } = [];

    /// <summary>The time from the start of one census to the start of the next.</summary>
    internal required Setting<TimeSpan> Interval { get; init; }

    /// <summary>The absolute path of the textfile's directory; null for no textfile.</summary>
    internal required Setting<string?> TextfileDirectory { get; init; }

    /// <summary>The main network namespace; null for the agent's own.</summary>
    internal required Setting<NetworkNamespace?> Namespace { get; init; }

    /// <summary>The agent's own HTTP endpoint; null for none.</summary>
    internal EndpointSettings? Endpoint { get; init; }

    /// <summary>The filter of all counts; null to count everything. Only <c>--once</c> has one.</summary>
    internal SocketFilter? Filter { get; init; }

    /// <summary>The files that can be reloaded; null without a file, and if one is a pipe, which can be read only once.</summary>
    internal SourceFiles? Source { get; init; }

    /// <summary>All settings with their values and origins, as operators see them.</summary>
    internal required ImmutableArray<EffectiveSetting> Effective { get; init; }

    /// <summary>Warnings about settings that were given and have no effect.</summary>
    internal ImmutableArray<string> Notices { get; init; } = [];

    /// <summary>The watches by network namespace, the main one first. Each namespace costs one census.</summary>
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

/// <summary>A watch and its network namespace.</summary>
/// <param name="Watch">The watch.</param>
/// <param name="Namespace">Its network namespace; null for the main one.</param>
/// <param name="Effective">Its settings with their origins.</param>
internal sealed record WatchSettings(Watch Watch, NetworkNamespace? Namespace, ImmutableArray<EffectiveSetting> Effective);

/// <summary>The HTTP endpoint. Two are equal if a running endpoint need not change from one to the other.</summary>
internal sealed record EndpointSettings(ListenAddresses Listen)
{
    internal const int DefaultRequestsPerMinute = 600;

    /// <summary>The absolute path of the file with the token that clients must send; null for none.</summary>
    internal string? TokenFile { get; init; }

    /// <summary>The absolute path of the TLS certificate and its issuers; null for plain HTTP. Always together with <see cref="KeyFile"/>.</summary>
    internal string? CertificateFile { get; init; }

    /// <summary>The absolute path of the key of <see cref="CertificateFile"/>.</summary>
    internal string? KeyFile { get; init; }

    /// <summary>How many requests a client may send each minute to paths that are not open to all.</summary>
    internal int RequestsPerMinute { get; init; } = DefaultRequestsPerMinute;
}

/// <summary>
/// The settings of <c>agent health</c>. It reads no others: an invalid variable that the agent itself ignores, because an option replaces it, must
/// not fail the health check.
/// </summary>
internal sealed record HealthSettings
{
    /// <summary>The interval of the agent whose health is checked.</summary>
    internal required Setting<TimeSpan> Interval { get; init; }

    /// <summary>The absolute path of that agent's textfile directory; null for no textfile.</summary>
    internal required Setting<string?> TextfileDirectory { get; init; }
}
