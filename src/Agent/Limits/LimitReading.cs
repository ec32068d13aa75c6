using Agent.Limits.Consul;
using Agent.Readings;

namespace Agent.Limits;

/// <summary>The reading of one question for a limit. Where the question brought none, the last known limit stays, with the problem.</summary>
/// <param name="From">The service that was asked.</param>
/// <param name="Limit">The limit as it is known now.</param>
internal sealed record LimitReading(ConsulEndpoint From, ClientLimit Limit) : Reading
{
    /// <summary>When the service told the limit, as a timestamp of the clock; null while the limit is unknown.</summary>
    public long? KnownAt { get; init; }

    /// <summary>The limit that is in force in a view.</summary>
    /// <param name="from">The service that decides the limit; null where it is configured.</param>
    /// <param name="configured">The limit as configured; unknown where a service decides it.</param>
    /// <param name="view">The latest readings.</param>
    internal static ClientLimit Of(ConsulEndpoint? from, ClientLimit configured, StoreView view)
    {
        if (from is not null)
        {
            foreach (LimitReading reading in view.All<LimitReading>())
            {
                if (reading.From.Equals(from))
                {
                    return reading.Limit;
                }
            }
        }

        return configured;
    }

    /// <summary>Asks every service once, all at the same time.</summary>
    /// <returns>A reading for each service, also where the question brought no limit.</returns>
    internal static LimitReading[] AskAll(IEnumerable<ConsulEndpoint> services, TimeProvider time)
    {
        return Task.WhenAll(services.Distinct().Select(AskAsync)).GetAwaiter().GetResult();

        async Task<LimitReading> AskAsync(ConsulEndpoint service)
        {
            long begun = time.GetTimestamp();
            ClientLimit limit;
            try
            {
                limit = await new ConsulLimit(service, time).AskAsync(CancellationToken.None);
            }
            catch (Exception failure)
            {
                // Any exception: an unexpected failure here is no reason to lose the counts.
                limit = LimitUnknownException.ToLimit(service.Name, failure);
            }

            return new LimitReading(service, limit) { Duration = time.GetElapsedTime(begun), Failure = limit.Problem };
        }
    }
}
