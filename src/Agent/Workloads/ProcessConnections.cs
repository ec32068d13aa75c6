namespace Agent.Workloads;

/// <summary>A process and the connections whose client's end it has.</summary>
/// <param name="Process">The process.</param>
/// <param name="Connections">How many, the shared ones included.</param>
/// <param name="Shared">Those of them whose end another process has as well, after a fork for example; each of the processes counts them.</param>
internal readonly record struct ProcessConnections(LocalProcess Process, int Connections, int Shared);
