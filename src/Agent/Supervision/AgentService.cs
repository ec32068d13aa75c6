using Agent.Configuration;
using Microsoft.Extensions.Hosting;

namespace Agent.Supervision;

/// <summary>The agent's tasks as a service of the host.</summary>
internal sealed class AgentService(AgentTasks tasks, Supervisor supervisor, ServiceManager serviceManager, TimeProvider time, Settings settings)
    : IHostedService, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);
    private ITimer? _watch;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _watch = time.CreateTimer(_ => supervisor.TellWhatHangs(), null, Period, Period);
        return tasks.ApplyAsync(settings);
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        serviceManager.Stopping();
        return supervisor.StopAsync();
    }

    public void Dispose() => _watch?.Dispose();
}
