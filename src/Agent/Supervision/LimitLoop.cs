using Agent.Watching.Limits;
using Microsoft.Extensions.Hosting;

namespace Agent.Supervision;

/// <summary>Keeps the limits known that others decide, beside the census and never in its way.</summary>
internal sealed class LimitLoop(LimitDiscoveries discoveries) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(discoveries.All.Select(discovery => discovery.RunAsync(stoppingToken)));
}
