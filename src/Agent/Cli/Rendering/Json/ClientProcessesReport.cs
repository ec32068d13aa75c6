using Agent.Workloads;

namespace Agent.Cli.Rendering.Json;

/// <summary>Who holds the connections of a client.</summary>
/// <param name="Address">Its IP address.</param>
/// <param name="Held">All of them, just after the census.</param>
/// <param name="Processes">Those that hold most, the highest first.</param>
/// <param name="MoreProcesses">How many further ones there are.</param>
/// <param name="Closed">Connections that the client has closed, and the server has not.</param>
/// <param name="Unseen">Connections whose end is in no process that can be seen.</param>
/// <param name="Elsewhere">Connections whose end is not in this network namespace.</param>
internal sealed record ClientProcessesReport(
    string Address, int Held, IReadOnlyList<ProcessReport> Processes, int MoreProcesses, int Closed, int Unseen, int Elsewhere)
{
    internal static ClientProcessesReport Of(ClientProcesses client) => new(
        client.Address.ToString(),
        client.Held,
        [.. client.Processes.Select(ProcessReport.Of)],
        client.MoreProcesses,
        client.Closed,
        client.Unseen,
        client.Elsewhere);
}
