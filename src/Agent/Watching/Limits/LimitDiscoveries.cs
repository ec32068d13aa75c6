using Microsoft.Extensions.Logging;

namespace Agent.Watching.Limits;

/// <summary>Keeps all limits known that others decide; those whom several watches name are asked once for all of them.</summary>
internal sealed class LimitDiscoveries(IEnumerable<Watch> watches, TimeProvider time, ILogger<LimitDiscovery> logger)
{
    private readonly Dictionary<ConsulEndpoint, LimitDiscovery> _discoveries = watches
        .Select(watch => watch.LimitFrom).OfType<ConsulEndpoint>().Distinct()
        .ToDictionary(endpoint => endpoint, endpoint => new LimitDiscovery(new ConsulLimit(endpoint, time), time, logger));

    internal IEnumerable<LimitDiscovery> All => _discoveries.Values;

    /// <summary>What was answered last, or what holds until then.</summary>
    internal ClientLimit LimitOf(Watch watch) =>
        (watch.LimitFrom is { } endpoint ? _discoveries.GetValueOrDefault(endpoint)?.Current : null) ?? watch.Limit;
}
