using System.Collections.Immutable;
using Agent.Readings;
using Agent.Watching;

namespace Agent.Workloads;

/// <summary>The reading of one lookup: the processes that hold the clients' ends, for the watches of a network namespace.</summary>
/// <param name="Netns">The configured name of the namespace; null for the main one.</param>
/// <param name="Watches">The watches by name, with their processes.</param>
internal sealed record ProcessReading(string? Netns, ImmutableArray<(string Watch, WatchProcesses Processes)> Watches) : Reading
{
    /// <summary>The processes of a watch; null where there was no lookup.</summary>
    internal static WatchProcesses? Of(StoreView view, string? netns, string watch) => view.All<ProcessReading>()
        .Where(reading => reading.Netns == netns)
        .SelectMany(reading => reading.Watches)
        .FirstOrDefault(found => found.Watch == watch)
        .Processes;
}

/// <summary>The processes of this host that hold the clients' ends of a watch's connections.</summary>
/// <param name="Failure">Why the lookup failed, in one line; null if it succeeded.</param>
/// <param name="Hidden">The number of processes that the agent may not inspect; 0 after a failure.</param>
/// <param name="Clients">The processes of each shown client, in the order of the clients; empty after a failure.</param>
internal sealed record WatchProcesses(string? Failure, int Hidden, ImmutableArray<ClientProcesses> Clients);

/// <summary>The processes of this host that hold the connections of one client, and the number of connections that none of them holds.</summary>
/// <param name="Client">The client.</param>
/// <param name="Held">All held connections of the client at the time of the lookup, just after the census; the dead ones are those of the census.</param>
/// <param name="Processes">The processes with the most connections, at most <see cref="MaxProcesses"/>.</param>
/// <param name="MoreProcesses">The number of further processes with connections.</param>
/// <param name="Closed">Connections that the client's process has closed and the server still holds.</param>
/// <param name="Dead">Connections that the kernel has ended and the server has not closed. The census found them; no dump contains them.</param>
/// <param name="Unseen">Connections whose client's end is in this network namespace, but in no process that the agent may inspect.</param>
/// <param name="Elsewhere">Connections whose client's end is not in this network namespace.</param>
internal sealed record ClientProcesses(
    Client Client, int Held, ImmutableArray<ProcessConnections> Processes, int MoreProcesses, int Closed, int Dead, int Unseen, int Elsewhere)
{
    /// <summary>The most processes that are shown for a client.</summary>
    internal const int MaxProcesses = 10;
}

/// <summary>A process and the number of connections that it holds as a client.</summary>
/// <param name="Process">The process.</param>
/// <param name="Connections">All of them, including the shared ones.</param>
/// <param name="Shared">Those that another process holds too, for example after a fork. Each of the processes counts them.</param>
internal readonly record struct ProcessConnections(LocalProcess Process, int Connections, int Shared);
