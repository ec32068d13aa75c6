using System.Net;
using System.Threading.RateLimiting;

namespace Agent.Publishing.Http;

/// <summary>
/// Limits the requests of each client with a token bucket: <paramref name="perMinute"/> at once, then as many again, spread evenly over each minute.
/// PartitionedRateLimiter does not fit: it wakes up ten times a second and keeps an unlimited number of clients.
/// </summary>
/// <param name="perMinute">The requests of one client in a minute.</param>
/// <param name="maxClients">The clients that have a bucket of their own; all others share one.</param>
/// <param name="time">The clock.</param>
internal sealed class RequestQuota(int perMinute, int maxClients, TimeProvider time)
{
    private static readonly TimeSpan SweepPause = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, TokenBucketRateLimiter> _ofClients = [];
    private readonly TokenBucketRateLimiter _ofOthers = Bucket(perMinute);
    private long? _sweptAt;

    /// <summary>The number of clients that have a bucket of their own now.</summary>
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

    /// <returns>Null if the request is within the quota; otherwise the time until the client may retry.</returns>
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

        if (_ofClients.Count >= maxClients)
        {
            Sweep();
        }

        if (_ofClients.Count >= maxClients)
        {
            return _ofOthers;
        }

        return _ofClients[client] = Bucket(perMinute);
    }

    /// <summary>Removes the buckets that are full again, at most once in <see cref="SweepPause"/>, so that a flood of new clients does not cause constant sweeps.</summary>
    private void Sweep()
    {
        if (_sweptAt is { } last && time.GetElapsedTime(last) < SweepPause)
        {
            return;
        }

        _sweptAt = time.GetTimestamp();
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
