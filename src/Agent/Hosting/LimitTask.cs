using Agent.Limits;
using Agent.Limits.Consul;

namespace Agent.Hosting;

/// <summary>Keeps a limit known that a service decides, beside the census and never in its way.</summary>
internal sealed class LimitTask(string name, ConsulEndpoint endpoint, LimitDiscovery discovery) : SupervisedTask
{
    internal override string Name => $"limit:{name}";

    internal override string Duty => $"ask {endpoint.Name} for the limit per client";

    internal override object Identity => endpoint;

    internal override TimeSpan FirstPause => TimeSpan.FromSeconds(2);

    internal override TimeSpan LongestPause => LimitDiscovery.LongestPause;

    // The census goes on without a limit.
    internal override bool IsAwaited => false;

    // With the limit that holds meanwhile, how old it is, and each reason once.
    internal override bool TellsItself => true;

    internal override Task RunAsync(Action works, CancellationToken stopping) => discovery.RunAsync(works, stopping);
}
