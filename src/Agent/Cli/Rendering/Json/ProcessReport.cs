using Agent.Workloads;

namespace Agent.Cli.Rendering.Json;

/// <summary>A process that holds clients' ends.</summary>
/// <param name="Pid">Its PID.</param>
/// <param name="Command">What it is called; null where it ended too early to know.</param>
/// <param name="Unit">Its systemd unit, within the container where there is one; null without.</param>
/// <param name="UnitUserId">Whose own systemd the unit is one of; null for the system's, and without a unit.</param>
/// <param name="Container">Its container; null without.</param>
/// <param name="Connections">Whose ends it holds.</param>
/// <param name="Shared">Those of them that another process holds too.</param>
internal sealed record ProcessReport(
    int Pid, string? Command, string? Unit, long? UnitUserId, ContainerReport? Container, int Connections, int Shared)
{
    internal static ProcessReport Of(ProcessConnections process)
    {
        (int id, string? command, Workload workload) = process.Process;
        return new ProcessReport(
            id, command, workload.Unit, workload.UnitUserId, ContainerReport.Of(workload.Container), process.Connections, process.Shared);
    }
}
