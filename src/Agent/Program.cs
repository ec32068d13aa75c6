using Agent.Cli;
using Agent.Cli.Rendering;
using Agent.Configuration;
using Agent.Metrics;
using Agent.Publishing;
using Agent.Supervision;
using Agent.Watching;
using Netlink.SockDiag;

try
{
    return new CommandLine().Run(args, Environment.GetEnvironmentVariable, RunOnce, Daemon.Run);
}
catch (Exception wrong) when (wrong is ConfigurationException or TextfileTakenException)
{
    ErrorLine.Write(wrong.Message);
    return ExitCode.Usage;
}
catch (Exception unexpected)
{
    // An operator is told what happened in a line, and not with a stack trace.
    ErrorLine.Write($"{unexpected.GetType().Name}: {unexpected.Message}");
    return ExitCode.CouldNotMeasure;
}

static int RunOnce(Settings settings, OutputForm? form)
{
    using Census census = new(new SockDiagClient(settings.Namespace.Value), [settings.Watch], TimeProvider.System, keepsPeaks: false);
    using Stream output = Console.OpenStandardOutput();
    SnapshotExposition exposition = new(BuildInformation.Current);
    ISnapshotForm chosen = Forms.Create(
        form ?? Forms.Default(onTerminal: !Console.IsOutputRedirected, settings.Watch.HasThresholds),
        exposition,
        () => Terminal.OfStandardOutput(Environment.GetEnvironmentVariable));
    return OnceCommand.Run(settings, census, chosen, exposition, output);
}
