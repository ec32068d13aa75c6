using System.Net;
using System.Threading.RateLimiting;

namespace Agent.Publishing.Http;

/// <summary>
/// How often each client may ask: so many times at once, and then as often as a minute's worth is spread over a minute. Not
/// PartitionedRateLimiter, which wakes ten times a second and holds as many clients as there are addresses.
/// </summary>
internal sealed class RequestQuota(int perMinute, int mostClients, TimeProvider time)
{
    private static readonly TimeSpan SweepPause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, TokenBucketRateLimiter> _ofClients = [];
    private readonly TokenBucketRateLimiter _ofOthers = Bucket(perMinute);
    private long? _swept;

    /// <summary>How many clients are counted apart now.</summary>
    internal int Clients
    {
        get
        {
            lock (_gate)
            {
                return _ofClients.Count;
            }
        }
    }

    /// <returns>Null when the client may go on; else how long it has to wait.</returns>
    internal TimeSpan? Take(IPAddress client)
    {
        lock (_gate)
        {
            TokenBucketRateLimiter bucket = Of(client);
            bucket.TryReplenish();
            using RateLimitLease lease = bucket.AttemptAcquire();
            return lease.IsAcquired ? null
                : lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan wait) ? wait
                : TimeSpan.FromMinutes(1);
        }
    }

    private static TokenBucketRateLimiter Bucket(int perMinute) => new(new TokenBucketRateLimiterOptions
    {
        TokenLimit = perMinute,
        TokensPerPeriod = 1,
        ReplenishmentPeriod = TimeSpan.FromMinutes(1) / perMinute,
        AutoReplenishment = false,
    });

    private TokenBucketRateLimiter Of(IPAddress client)
    {
        if (_ofClients.TryGetValue(client, out TokenBucketRateLimiter? bucket))
        {
            return bucket;
        }

        if (_ofClients.Count >= mostClients)
        {
            Sweep();
        }

        if (_ofClients.Count >= mostClients)
        {
            return _ofOthers;
        }

        return _ofClients[client] = Bucket(perMinute);
    }

    /// <summary>Forgets the clients that have all of their quota again; not more often than now and then, however many come.</summary>
    private void Sweep()
    {
        if (_swept is { } last && time.GetElapsedTime(last) < SweepPause)
        {
            return;
        }

        _swept = time.GetTimestamp();
        foreach ((IPAddress client, TokenBucketRateLimiter bucket) in _ofClients)
        {
            bucket.TryReplenish();
            if (bucket.IdleDuration is not null)
            {
                _ofClients.Remove(client);
                bucket.Dispose();
            }
        }
    }
}
