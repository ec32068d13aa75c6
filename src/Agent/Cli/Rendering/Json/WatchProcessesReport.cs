using Agent.Workloads;

namespace Agent.Cli.Rendering.Json;

/// <summary>Who holds the clients' ends of a watch's connections.</summary>
/// <param name="Error">Why that could not be found out, in one line; null when it could.</param>
/// <param name="HiddenProcesses">How many processes of this host the agent may not look into; null after an error.</param>
/// <param name="Clients">The same as the watch's top clients; null after an error.</param>
internal sealed record WatchProcessesReport(string? Error, int? HiddenProcesses, IReadOnlyList<ClientProcessesReport>? Clients)
{
    internal static WatchProcessesReport Of(WatchProcesses processes) => processes.Failure is { } failure
        ? new WatchProcessesReport(ErrorLine.Flatten(failure), null, null)
        : new WatchProcessesReport(null, processes.Hidden, [.. processes.Clients.Select(ClientProcessesReport.Of)]);
}
