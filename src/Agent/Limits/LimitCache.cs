using System.Collections.Concurrent;
using Agent.Limits.Consul;
using Agent.Watching;

namespace Agent.Limits;

/// <summary>The limits that services decide, as far as they have told them. Questions fill it, and censuses read it, at any time.</summary>
internal sealed class LimitCache
{
    private readonly ConcurrentDictionary<ConsulEndpoint, ClientLimit> _limits = new();

    /// <summary>Asks every service that one of the watches names, once and all at the same time.</summary>
    internal static LimitCache Ask(IEnumerable<Watch> watches, TimeProvider time)
    {
        LimitCache cache = new();
        Task.WhenAll(watches.Select(watch => watch.LimitFrom).OfType<ConsulEndpoint>().Distinct().Select(AskAsync)).GetAwaiter().GetResult();
        return cache;

        async Task AskAsync(ConsulEndpoint endpoint)
        {
            try
            {
                cache.Learn(endpoint, await new ConsulLimit(endpoint, time).AskAsync(CancellationToken.None));
            }
            catch (Exception failure)
            {
                // Any exception: a failure that was not foreseen is no reason to lose the counts.
                cache.Learn(endpoint, LimitUnknownException.ToLimit(endpoint.Name, failure));
            }
        }
    }

    /// <summary>Remembers what the latest question brought. Where that was no limit, the last known one stays.</summary>
    internal void Learn(ConsulEndpoint from, ClientLimit latest) => _limits.AddOrUpdate(
        from,
        latest,
        (_, last) => latest.IsUnknown && !last.IsUnknown ? last with { Problem = latest.Problem, Refusal = latest.Refusal } : latest);

    /// <summary>The limit of the watch as it is known now.</summary>
    internal ClientLimit Of(Watch watch) =>
        watch.LimitFrom is { } endpoint && _limits.TryGetValue(endpoint, out ClientLimit latest) ? latest : watch.Limit;
}
