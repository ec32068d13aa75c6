using System.Collections.Immutable;
using Netlink.SockDiag;

namespace Agent.Workloads;

/// <summary>Who holds the connections of a client: processes of this host, as far as they can be seen, and where the others are.</summary>
/// <param name="Address">The client.</param>
/// <param name="Held">All of its connections when they were looked at, just after the census.</param>
/// <param name="Processes">Those that have most, at most <see cref="MostProcesses"/>.</param>
/// <param name="MoreProcesses">How many further processes have connections.</param>
/// <param name="Closed">Connections whose end its process has closed, while the server goes on to hold the other.</param>
/// <param name="Unseen">Connections whose end is here, in no process that can be seen.</param>
/// <param name="Elsewhere">Connections whose end is not in this network namespace.</param>
internal sealed record ClientProcesses(
    InetAddress Address, int Held, ImmutableArray<ProcessConnections> Processes, int MoreProcesses, int Closed, int Unseen, int Elsewhere)
{
    /// <summary>How many processes of a client are shown.</summary>
    internal const int MostProcesses = 10;
}
