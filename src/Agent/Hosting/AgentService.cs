using Agent.Configuration;
using Microsoft.Extensions.Hosting;

namespace Agent.Hosting;

/// <summary>The agent's tasks as a service of the host.</summary>
internal sealed class AgentService(AgentTasks tasks, Supervisor supervisor, ServiceManager serviceManager, Settings settings)
    : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // A timer would wake the thread pool, which costs more than what is done here.
        new Thread(() => supervisor.WatchWhatHangs(_stopping.Token)) { IsBackground = true }.Start();
        return tasks.ApplyAsync(settings);
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        serviceManager.Stopping();
        return supervisor.StopAsync();
    }

    public void Dispose() => _stopping.Cancel();
}
