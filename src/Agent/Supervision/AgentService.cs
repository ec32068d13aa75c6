using Agent.Configuration;
using Microsoft.Extensions.Hosting;

namespace Agent.Supervision;

/// <summary>The agent's tasks as a service of the host.</summary>
internal sealed class AgentService(AgentTasks tasks, Supervisor supervisor, ServiceManager serviceManager, TimeProvider time, Settings settings)
    : IHostedService, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _stopping = new();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // A timer would wake the thread pool, which costs more than what is done here.
        new Thread(WatchWhatHangs) { IsBackground = true }.Start();
        return tasks.ApplyAsync(settings);
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        serviceManager.Stopping();
        return supervisor.StopAsync();
    }

    public void Dispose() => _stopping.Cancel();

    private void WatchWhatHangs()
    {
        Pacemaker pacemaker = new(Period, time);
        while (pacemaker.Wait(_stopping.Token))
        {
            supervisor.TellWhatHangs();
        }
    }
}
