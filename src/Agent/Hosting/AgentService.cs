using Agent.Configuration;
using Agent.Configuration.File;
using Agent.Readings;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>The agent as a service of the host: wires the store, the supervisor and the tasks, and starts and stops them.</summary>
internal sealed class AgentService : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Settings _settings;
    private readonly Supervisor _supervisor;
    private readonly ServiceManager _serviceManager;
    private readonly AgentTasks _tasks;

    /// <param name="settings">The settings of the start.</param>
    /// <param name="read">Parses the contents of the configuration's files into settings.</param>
    /// <param name="reloadRequested">Set when the configuration's files have to be read.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Makes the loggers.</param>
    internal AgentService(
        Settings settings, Func<SourceFiles, Settings> read, AutoResetEvent reloadRequested, TimeProvider time, ILoggerFactory loggers)
    {
        _settings = settings;
        Store store = new(time);
        AgentState state = new(settings, time);
        _supervisor = new Supervisor(time, loggers.CreateLogger<Supervisor>());
        _serviceManager = new ServiceManager(Environment.GetEnvironmentVariable, time, loggers.CreateLogger<ServiceManager>());
        Composition composition = new(store, state, _supervisor, time, loggers);
        _tasks = new AgentTasks(_supervisor, store, state, composition.Sources, composition.Publishers, loggers);
        UncountedConsulPortNotices notices = new(() => state.Settings.Namespaces, time, loggers.CreateLogger<UncountedConsulPortNotices>());
        store.ReadingPut += (reading, _) => notices.CheckAfter(reading);

        if (settings.Source is { } source)
        {
            _supervisor.AddPermanent(new ReloadTask(
                source, read, _tasks.ReloadAsync, state, _serviceManager, reloadRequested, time, loggers.CreateLogger<ReloadTask>()));
        }

        if (_serviceManager.IsThere)
        {
            _supervisor.AddPermanent(new ServiceManagerTask(_serviceManager, _supervisor, () => state.Activity, time));
        }
    }

    /// <summary>Raised when the agent has to end, with the reason.</summary>
    internal event Action<Exception>? AgentMustEnd
    {
        add => _supervisor.AgentMustEnd += value;
        remove => _supervisor.AgentMustEnd -= value;
    }

    /// <inheritdoc cref="AgentTasks.Prepare"/>
    internal void Prepare() => _tasks.Prepare(_settings);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        // A timer would wake the thread pool, which costs more than the check itself.
        new Thread(() => _supervisor.WatchForHangs(_stopping.Token)) { IsBackground = true }.Start();
        return _tasks.ApplyAsync(_settings);
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _serviceManager.Stopping();
        return _supervisor.StopAsync();
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _supervisor.Dispose();
        _serviceManager.Dispose();
    }
}
