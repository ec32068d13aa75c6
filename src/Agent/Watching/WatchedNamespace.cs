using System.Collections.Immutable;
using Netlink;

namespace Agent.Watching;

/// <summary>A network namespace and the watches in it, which one walk of its table counts for.</summary>
/// <param name="Namespace">Null for the one that the agent runs in.</param>
/// <param name="Label">Its configured name; null for the agent's main one.</param>
/// <param name="Watches">At least one.</param>
internal sealed record WatchedNamespace(NetworkNamespace? Namespace, string? Label, ImmutableArray<Watch> Watches)
{
    /// <summary>The ports of all watches; one that two of them have comes twice.</summary>
    internal IEnumerable<ushort> Ports
    {
        get
        {
            foreach (Watch watch in Watches)
            {
                foreach (ushort port in watch.Ports)
                {
                    yield return port;
                }
            }
        }
    }
}
