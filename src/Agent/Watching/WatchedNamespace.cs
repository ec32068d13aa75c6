using System.Collections.Immutable;
using Netlink;

namespace Agent.Watching;

/// <summary>A network namespace and its watches. One census counts for all of them.</summary>
/// <param name="Namespace">The namespace; null for the one that the agent runs in.</param>
/// <param name="Label">Its configured name; null for the agent's main one.</param>
/// <param name="Watches">The watches, at least one.</param>
internal sealed record WatchedNamespace(NetworkNamespace? Namespace, string? Label, ImmutableArray<Watch> Watches)
{
    /// <summary>The ports of all watches; a port of two watches comes twice.</summary>
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
