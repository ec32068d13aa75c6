using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>A client and the connections that it holds.</summary>
/// <param name="Address">The peer's address; v4-mapped is IPv4.</param>
/// <param name="Held">How many: ESTABLISHED or CLOSE_WAIT, and accepted.</param>
internal readonly record struct ClientCount(InetAddress Address, int Held);
