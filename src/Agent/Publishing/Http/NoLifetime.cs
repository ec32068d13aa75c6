using Microsoft.Extensions.Hosting;

namespace Agent.Publishing.Http;

/// <summary>Leaves signals to the daemon, in place of a console's lifetime, which would take them.</summary>
internal sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
