namespace Agent.Workloads;

/// <summary>A process of this host.</summary>
/// <param name="Id">Its PID in the PID namespace of the agent's /proc.</param>
/// <param name="Command">What it is called; null where it ended before that was read.</param>
/// <param name="Workload">What it is a part of.</param>
internal sealed record LocalProcess(int Id, string? Command, Workload Workload);
