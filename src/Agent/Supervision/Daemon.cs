using System.Runtime.InteropServices;
using Agent.Configuration;
using Agent.Metrics;
using Agent.Publishing;
using Agent.Watching;
using Agent.Watching.Limits;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Agent.Supervision;

/// <summary><c>agent</c> without <c>--once</c>: a host around the census loop, until SIGTERM or SIGINT.</summary>
internal static partial class Daemon
{
    // What a census or a disk that hangs at the end may hold up.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromMilliseconds(300);

    /// <returns>The exit code.</returns>
    /// <exception cref="TextfileTakenException">Another agent writes the same file.</exception>
    internal static int Run(Settings settings)
    {
        // Before anything is made that would have to be removed. SIGHUP: the terminal was closed.
        using CancellationTokenSource ending = new();
        using PosixSignalRegistration term = EndOn(PosixSignal.SIGTERM, ending);
        using PosixSignalRegistration interrupt = EndOn(PosixSignal.SIGINT, ending);
        using PosixSignalRegistration hangUp = EndOn(PosixSignal.SIGHUP, ending);

        Textfile? textfile = settings.TextfileDirectory.Value is { } directory ? new Textfile(directory) : null;
        RefuseSecondAgent(textfile);
        using IHost host = Build(settings, textfile);
        ILogger logger = host.Services.GetRequiredService<ILogger<CensusLoop>>();
        LogSettings(logger, settings);
        if (textfile is null)
        {
            LogNothingPublished(logger);
        }

        host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(
            host.Services.GetRequiredService<ServiceManager>().Stopping);

        // Not Run, which disposes of the logger before the file is removed.
        host.Start();
        host.WaitForShutdownAsync(ending.Token).GetAwaiter().GetResult();

        if (host.Services.GetRequiredService<CensusLoop>().EndedBy is { } anotherAgent)
        {
            throw anotherAgent;
        }

        RemoveTextfile(textfile, logger);
        return 0;
    }

    private static PosixSignalRegistration EndOn(PosixSignal signal, CancellationTokenSource ending) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            ending.Cancel();
        });

    private static void RefuseSecondAgent(Textfile? textfile)
    {
        try
        {
            textfile?.Acquire();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The loop meets it again, tells of it and goes on trying.
        }
    }

    private static void RemoveTextfile(Textfile? textfile, ILogger logger)
    {
        try
        {
            textfile?.Remove();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            LogCannotRemove(logger, textfile!.FilePath, failure.Message);
        }
    }

    private static IHost Build(Settings settings, Textfile? textfile)
    {
        HostApplicationBuilder builder = new(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddSimpleConsole(options =>
        {
            options.SingleLine = true;
            options.ColorBehavior = LoggerColorBehavior.Disabled;
            options.TimestampFormat = "yyyy-MM-ddTHH:mm:ssZ ";
            options.UseUtcTimestamp = true;
        });
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.Configure<ConsoleLoggerOptions>(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = ShutdownTimeout);

        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(services => new LimitDiscoveries(
            settings.Watches.Select(watch => watch.Watch), TimeProvider.System, services.GetRequiredService<ILogger<LimitDiscovery>>()));
        builder.Services.AddHostedService<LimitLoop>();
        builder.Services.AddSingleton(services => new ServiceManager(
            Environment.GetEnvironmentVariable, Doing(settings, textfile), TimeProvider.System, services.GetRequiredService<ILogger<ServiceManager>>()));
        builder.Services.AddSingleton(services => new CensusLoop(
            [.. settings.Namespaces.Select(where => new Census(
                where, TimeProvider.System, keepsPeaks: true, services.GetRequiredService<LimitDiscoveries>().LimitOf))],
            new SnapshotExposition(BuildInformation.Current),
            textfile,
            settings.Interval.Value,
            TimeProvider.System,
            services.GetRequiredService<ServiceManager>(),
            services.GetRequiredService<IHostApplicationLifetime>(),
            services.GetRequiredService<ILogger<CensusLoop>>()));
        builder.Services.AddHostedService(services => services.GetRequiredService<CensusLoop>());
        return builder.Build();
    }

    private static string Doing(Settings settings, Textfile? textfile) =>
        $"counting every {Duration.Format(settings.Interval.Value)}, {(textfile is null ? "publishing nothing" : $"writing {textfile.FilePath}")}";

    private static void LogSettings(ILogger logger, Settings settings)
    {
        LogStart(logger, BuildInformation.Current.Version, string.Join(", ", EffectiveSetting.Of(settings)));
        foreach (string notice in settings.Notices)
        {
            LogNotice(logger, notice);
        }
    }

    [LoggerMessage(11, LogLevel.Warning, "nothing is published: the textfile is off")]
    private static partial void LogNothingPublished(ILogger logger);

    [LoggerMessage(12, LogLevel.Error, "cannot remove {Path}, whose numbers nobody renews now: {Reason}; remove it by hand")]
    private static partial void LogCannotRemove(ILogger logger, string path, string reason);

    [LoggerMessage(10, LogLevel.Information, "agent {Version}: {Settings}")]
    private static partial void LogStart(ILogger logger, string version, string settings);

    [LoggerMessage(13, LogLevel.Warning, "{Notice}")]
    private static partial void LogNotice(ILogger logger, string notice);
}
