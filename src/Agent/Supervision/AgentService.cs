using Agent.Configuration;
using Microsoft.Extensions.Hosting;

namespace Agent.Supervision;

/// <summary>The agent's tasks as a service of the host.</summary>
internal sealed class AgentService(AgentTasks tasks, Supervisor supervisor, ServiceManager serviceManager, Settings settings) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => tasks.ApplyAsync(settings);

    public Task StopAsync(CancellationToken cancellationToken)
    {
        serviceManager.Stopping();
        return supervisor.StopAsync();
    }
}
