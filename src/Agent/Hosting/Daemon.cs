using Agent.Configuration;
using Agent.Metrics;
using Agent.Publishing;
using Agent.Platform;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Agent.Hosting;

/// <summary><c>agent</c> without <c>--once</c>: a host around the tasks, until a signal ends it.</summary>
internal static partial class Daemon
{
    // More than any task has for its end.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(5);

    // Until there is no process any more: one that comes at its end would find nobody, and kill it.
    private static Signals? _signals;

    /// <param name="settings">What it goes by at first.</param>
    /// <param name="read">Makes the settings of what stands in the configuration file.</param>
    /// <param name="early">Has caught SIGHUP until now.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="ConfigurationException">The endpoint needs what is not installed.</exception>
    /// <exception cref="TextfileTakenException">Another agent writes the same file.</exception>
    internal static int Run(Settings settings, Func<byte[], Settings> read, EarlyHangUp? early)
    {
        if (settings.Endpoint is { } endpoint && (endpoint.CertificateFile ?? endpoint.TokenFile) is { } file && !OpenSsl.IsInstalled)
        {
            throw new ConfigurationException($"{file} cannot be used: {OpenSsl.Advice}");
        }

        // Before anything is made that would have to be removed.
        _signals = new Signals(hasFile: settings.Source is not null, TimeProvider.System, Environment.Exit);
        early?.HandOver(_signals);
        using IHost host = Build(settings, read, _signals);
        host.Services.GetRequiredService<AgentTasks>().Prepare(settings);
        LogSettings(host.Services.GetRequiredService<ILogger<AgentService>>(), settings);

        Exception? endedBy = null;
        host.Services.GetRequiredService<Supervisor>().AgentMustEnd += reason =>
        {
            endedBy = reason;
            host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        };
        host.Start();
        host.WaitForShutdownAsync(_signals.Ending).GetAwaiter().GetResult();
        return endedBy is null ? 0 : throw endedBy;
    }

    private static IHost Build(Settings settings, Func<byte[], Settings> read, Signals signals)
    {
        HostApplicationBuilder builder = new(new HostApplicationBuilderSettings { DisableDefaults = true });
        if (Journal.IsStandardError)
        {
            // "<4>" for a warning and so on, and no time: the journal has its own.
            builder.Logging.AddSystemdConsole();
        }
        else
        {
            builder.Logging.AddSimpleConsole(options =>
            {
                options.SingleLine = true;
                options.ColorBehavior = LoggerColorBehavior.Disabled;
                options.TimestampFormat = "yyyy-MM-ddTHH:mm:ssZ ";
                options.UseUtcTimestamp = true;
            });
        }

        // Their stack traces are for their developers. What fails is told by whoever it fails.
        builder.Logging.AddFilter("Microsoft", LogLevel.None);
        builder.Services.Configure<ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownTimeout);

        // In the place of the console's, which has handlers of its own and takes a signal that comes while the host starts for a failure.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(services => new Supervisor(TimeProvider.System, services.GetRequiredService<ILogger<Supervisor>>()));
        builder.Services.AddSingleton(services => new AgentTasks(
            services.GetRequiredService<Supervisor>(),
            services.GetRequiredService<ServiceManager>(),
            read,
            signals.Reload,
            TimeProvider.System,
            services.GetRequiredService<ILoggerFactory>()));
        builder.Services.AddSingleton(services => new ServiceManager(
            Environment.GetEnvironmentVariable,
            () => services.GetRequiredService<AgentTasks>().Doing,
            TimeProvider.System,
            services.GetRequiredService<ILogger<ServiceManager>>()));
        builder.Services.AddHostedService<AgentService>();
        return builder.Build();
    }

    private static void LogSettings(ILogger logger, Settings settings)
    {
        LogStart(logger, BuildInformation.Current.Version, string.Join(", ", settings.Effective));
        foreach (string notice in settings.Notices)
        {
            LogNotice(logger, notice);
        }

        if (settings is { TextfileDirectory.Value: null, Endpoint: null })
        {
            LogNothingPublished(logger);
        }
    }

    /// <summary>Leaves the signals to <see cref="Signals"/>.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    [LoggerMessage(10, LogLevel.Information, "agent {Version}: {Settings}")]
    private static partial void LogStart(ILogger logger, string version, string settings);

    [LoggerMessage(11, LogLevel.Warning, "nothing is published: the textfile and the endpoint are off")]
    private static partial void LogNothingPublished(ILogger logger);

    [LoggerMessage(13, LogLevel.Warning, "{Notice}")]
    private static partial void LogNotice(ILogger logger, string notice);
}
