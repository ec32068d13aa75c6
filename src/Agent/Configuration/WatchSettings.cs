using Agent.Watching;
using Netlink;

namespace Agent.Configuration;

/// <summary>A watch, where it is, and where its settings came from; its limit says so itself.</summary>
/// <param name="Watch">The watch.</param>
/// <param name="Namespace">Another network namespace than the main one; null for the main one.</param>
/// <param name="Origins">Where its settings came from.</param>
internal sealed record WatchSettings(Watch Watch, NetworkNamespace? Namespace, WatchOrigins Origins);
