using System.Collections.Immutable;
using Netlink;

namespace Agent.Watching;

/// <summary>A network namespace and the watches in it, which one walk of its table counts for.</summary>
/// <param name="Namespace">Null for the one that the agent runs in.</param>
/// <param name="Label">Its configured name; null for the agent's main one.</param>
/// <param name="Watches">At least one.</param>
internal sealed record WatchedNamespace(NetworkNamespace? Namespace, string? Label, ImmutableArray<Watch> Watches)
{
    /// <summary>Whether the other one is the same namespace by its name in the configuration, whatever is watched in it.</summary>
    internal bool IsSameNamespaceAs(WatchedNamespace other) => Label == other.Label && Namespace?.Where == other.Namespace?.Where;

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
