using Agent.Workloads;

namespace Agent.Cli.Rendering.Json;

/// <summary>A container.</summary>
/// <param name="Runtime"><c>docker</c>, <c>podman</c>, <c>containerd</c>, …; null where it is not known.</param>
/// <param name="Name">Its whole id, or its name where the runtime names it.</param>
internal sealed record ContainerReport(string? Runtime, string Name)
{
    internal static ContainerReport? Of(Container? container) => container is null ? null : new ContainerReport(container.Runtime, container.Name);
}
