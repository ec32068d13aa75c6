using System.Collections.Immutable;

namespace Agent.Workloads;

/// <summary>Who holds the clients' ends of a watch's connections.</summary>
/// <param name="Failure">Why nothing could be found out, in one line; null when it could.</param>
/// <param name="Hidden">How many processes the agent may not look into; 0 after a failure.</param>
/// <param name="Clients">Of the clients that are shown, in their order; empty after a failure.</param>
internal sealed record WatchProcesses(string? Failure, int Hidden, ImmutableArray<ClientProcesses> Clients);
