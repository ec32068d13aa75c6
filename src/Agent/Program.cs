using Agent.Cli;
using Agent.Cli.Rendering;
using Agent.Configuration;
using Agent.Hosting;
using Agent.Limits;
using Agent.Limits.Consul;
using Agent.Publishing;
using Agent.Readings;
using Agent.Watching;
using Agent.Workloads;

if (!StandardStreams.TryOpen())
{
    return ExitCode.CouldNotMeasure;
}

Signals.IgnoreFileSizeLimit();
// For exceptions on threads of .NET, which no other handler sees.
AppDomain.CurrentDomain.UnhandledException += (_, unhandled) =>
{
    ErrorLine.Write(UnexpectedFailure.Describe((Exception)unhandled.ExceptionObject));
    Environment.Exit(ExitCode.CouldNotMeasure);
};
try
{
    CommandLine commandLine = new(args);
    using EarlyHangUp? early = commandLine.IsDaemon ? new EarlyHangUp() : null;
    return commandLine.Run(
        Environment.GetEnvironmentVariable, RunOnce, CheckConfigCommand.Run, (settings, read) => Daemon.Run(settings, read, early), RunHealth);
}
catch (Exception wrong) when (wrong is ConfigurationException or TextfileTakenException)
{
    ErrorLine.Write(wrong.Message);
    return ExitCode.Usage;
}
catch (Exception unexpected)
{
    // One line for the operator, instead of a stack trace.
    ErrorLine.Write(UnexpectedFailure.Describe(unexpected));
    return ExitCode.CouldNotMeasure;
}

static int RunOnce(Settings settings, OnceOptions once)
{
    StandardOutput.Reserve();
    ISnapshotFormat format = OutputFormats.Create(
        once.FormatFor(onTerminal: !Console.IsOutputRedirected, settings.Watches.Any(watch => watch.Watch.HasThresholds)),
        () => Terminal.OfStandardOutput(Environment.GetEnvironmentVariable),
        Terminal.AllowsUtf8(Environment.GetEnvironmentVariable));
    foreach (string notice in settings.Notices)
    {
        ErrorLine.Write(notice);
    }

    // The census comes first: the question for a limit takes a slot of that very limit.
    List<Reading> readings = [];
    foreach (WatchedNamespace where in settings.Namespaces)
    {
        using Census census = new(where, TimeProvider.System, keepsPeaks: false, filter: settings.Filter);
        NamespaceCounts counts = census.Take();
        readings.Add(counts);
        if (once.Processes && counts.Succeeded)
        {
            readings.Add(ProcessLookup.Look(where, settings.Filter, counts));
        }
    }

    // Only for watches that could be counted: without counts, the limit is of no use.
    readings.AddRange(LimitReading.AskAll(
        readings.OfType<NamespaceCounts>().SelectMany(counts => counts.Watches).Select(counts => counts.Watch.LimitFrom).OfType<ConsulEndpoint>(),
        TimeProvider.System));
    readings.AddRange(OnceDatabases.Ask(settings, once, readings));
    Snapshot snapshot = Snapshot.Of(StoreView.Of(readings)) with { Filter = settings.Filter?.ToString() };
    snapshot = once.Databases ? snapshot with { Databases = OnceDatabases.Judge(settings, once, snapshot.View) } : snapshot;

    foreach (string notice in settings.Namespaces
        .SelectMany(where => where.Watches.Select(watch => UncountedConsulPort.Find(where.Namespace, watch))).OfType<string>())
    {
        ErrorLine.Write(notice);
    }

    // Only a directory of the command line: the numbers of one moment stay in the textfile until it is written again.
    string? directory = settings.TextfileDirectory.IsFromCommandLine ? settings.TextfileDirectory.Value : null;
    return OnceCommand.Run(snapshot, format, directory);
}

static int RunHealth(HealthSettings settings) => HealthCommand.Run(settings, TimeProvider.System);
