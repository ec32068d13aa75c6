using Agent.Platform;

namespace Agent.Publishing.Http;

/// <summary>The resources that clients of the endpoint may use, so that slow, many or hostile clients cannot disturb the census.</summary>
internal sealed record EndpointLimits
{
    /// <summary>The maximum number of open connections of all clients together.</summary>
    internal required int Connections { get; init; }

    /// <summary>The maximum number of open connections of one client, and so of answers that are sent to it at once.</summary>
    internal int ConnectionsOfClient { get; init; } = 32;

    /// <summary>The maximum number of clients with a quota of their own; all others share one.</summary>
    internal int CountedClients { get; init; } = 4096;

    /// <summary>
    /// The requests per minute of one client to open paths. A higher limit for scrapes applies to open paths too; a lower one does not, so that
    /// health checks do not fail because few scrapes are allowed.
    /// </summary>
    internal int OpenRequestsPerMinute { get; init; } = 600;

    /// <summary>How long a connection may be idle: from its start, or from its last answer, to the next request.</summary>
    internal TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a client may take to send the headers of a request, and for a TLS handshake.</summary>
    internal TimeSpan Headers { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The lowest rate at which a client must read an answer after <see cref="Grace"/>, in bytes per second.</summary>
    internal double BytesPerSecond { get; init; } = 8192;

    /// <summary>How long a client may read an answer at any rate.</summary>
    internal TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the endpoint waits for unfinished answers when it stops.</summary>
    internal TimeSpan Stopping { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The limits for the agent's own process.</summary>
    internal static EndpointLimits ForThisProcess() => For(DescriptorLimit.Read("/proc/self") ?? DescriptorLimit.Default);

    /// <summary>The limits for a process with this limit of open files. They reserve descriptors for the census and the rest of the agent.</summary>
    internal static EndpointLimits For(long descriptors)
    {
        const int MaxConnections = 2048;
        const int Reserved = 256;
        return new EndpointLimits
        {
            Connections = (int)Math.Clamp(Math.Max(descriptors - Reserved, descriptors / 4), 1, MaxConnections),
        };
    }
}
