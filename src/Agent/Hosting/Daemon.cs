using Agent.Configuration;
using Agent.Configuration.File;
using Agent.Publishing;
using Agent.Publishing.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Agent.Hosting;

/// <summary><c>agent</c> without <c>--once</c>: a host around the tasks, until a signal ends it.</summary>
internal static class Daemon
{
    // Longer than the stop timeout of any task.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(5);

    // Kept until the process ends: without a handler, a signal that comes last would kill it.
    private static Signals? _signals;

    /// <param name="settings">The settings of the start.</param>
    /// <param name="read">Parses the contents of the configuration's files into settings.</param>
    /// <param name="early">Catches SIGHUP until now.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="ConfigurationException">The endpoint needs what is not installed.</exception>
    /// <exception cref="TextfileTakenException">Another agent writes the same file.</exception>
    internal static int Run(Settings settings, Func<SourceFiles, Settings> read, EarlyHangUp? early)
    {
        if (settings.Endpoint is { } endpoint)
        {
            Endpoint.CheckOpenSsl(endpoint);
        }

        // Before the first file is made, which a clean end has to remove.
        _signals = new Signals(hasFile: settings.Source is not null, TimeProvider.System, Environment.Exit);
        early?.HandOver(_signals);
        using IHost host = Build(settings, read, _signals);
        AgentService service = host.Services.GetRequiredService<AgentService>();
        service.Prepare();
        SettingsLog.Started(host.Services.GetRequiredService<ILogger<AgentService>>(), settings);

        Exception? endedBy = null;
        service.AgentMustEnd += reason =>
        {
            endedBy = reason;
            host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        };
        host.Start();
        host.WaitForShutdownAsync(_signals.Ending).GetAwaiter().GetResult();
        return endedBy is null ? 0 : throw endedBy;
    }

    // Not HostApplicationBuilder: its defaults are compiled in even where they are off, among them four more providers for each kind of log line.
    private static IHost Build(Settings settings, Func<SourceFiles, Settings> read, Signals signals) => new HostBuilder()
        .ConfigureLogging(ConfigureLogging)
        .ConfigureServices(services =>
        {
            services.Configure<ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
            services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownTimeout);

            // Replaces the console's, which has handlers of its own and takes a signal during the start for a failure.
            services.AddSingleton<IHostLifetime, NoLifetime>();
            services.AddSingleton(provider => new AgentService(
                settings, read, signals.Reload, TimeProvider.System, provider.GetRequiredService<ILoggerFactory>()));
            services.AddHostedService(provider => provider.GetRequiredService<AgentService>());
        })
        .Build();

    private static void ConfigureLogging(ILoggingBuilder logging)
    {
        if (Journal.IsStandardError)
        {
            // "<4>" for a warning and so on, and no time: the journal has its own.
            logging.AddSystemdConsole();
        }
        else
        {
            logging.AddSimpleConsole(options =>
            {
                options.SingleLine = true;
                options.ColorBehavior = LoggerColorBehavior.Disabled;
                options.TimestampFormat = "yyyy-MM-ddTHH:mm:ssZ ";
                options.UseUtcTimestamp = true;
            });
        }

        // Log lines of the libraries come with stack traces. Each task reports its own failures.
        logging.AddFilter("Microsoft", LogLevel.None);
    }

    /// <summary>Leaves the signals to <see cref="Signals"/>.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
