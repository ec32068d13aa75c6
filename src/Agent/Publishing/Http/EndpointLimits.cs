namespace Agent.Publishing.Http;

/// <summary>What clients may take of the agent, so that none of them, slow, many or hostile, takes what the census needs.</summary>
internal sealed record EndpointLimits
{
    /// <summary>Connections at a time, of all clients together.</summary>
    internal required int Connections { get; init; }

    /// <summary>Connections at a time of one client, and so answers that are on their way to it.</summary>
    internal int ConnectionsOfClient { get; init; } = 32;

    /// <summary>Clients whose requests are counted apart; further ones share a quota.</summary>
    internal int CountedClients { get; init; } = 4096;

    /// <summary>
    /// How often one client may ask in a minute for what is open to all, where it may not ask more often for the rest: a health checker is not to
    /// fail because few scrapes are allowed.
    /// </summary>
    internal int OpenRequestsPerMinute { get; init; } = 600;

    /// <summary>From a connection's begin or its last answer to the next request.</summary>
    internal TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For the headers of a request, and for a TLS handshake.</summary>
    internal TimeSpan Headers { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How fast an answer must be read, once <see cref="Grace"/> is over.</summary>
    internal double BytesPerSecond { get; init; } = 8192;

    /// <summary>How long an answer may be read as slowly as the client likes.</summary>
    internal TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>For the answers that are on their way when the endpoint stops.</summary>
    internal TimeSpan Stopping { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Limits for a process that may have so many descriptors: the census and the rest of the agent keep theirs.</summary>
    internal static EndpointLimits For(long descriptors)
    {
        const int MostConnections = 2048;
        const int KeptForTheRest = 256;
        return new EndpointLimits
        {
            Connections = (int)Math.Clamp(Math.Max(descriptors - KeptForTheRest, descriptors / 4), 1, MostConnections),
        };
    }
}
