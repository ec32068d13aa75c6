using Netlink.SockDiag;

namespace Agent.Watching;

/// <summary>A client of a watch: the address of a peer, or all peers of the watch's unix sockets together. The address has no zone.</summary>
/// <param name="Address">The peer's address; v4-mapped is IPv4. For <see cref="Unix"/> it is the unspecified address, which no TCP peer has.</param>
internal readonly record struct Client(InetAddress Address) : IComparable<Client>
{
    /// <summary>All clients of the watch's unix sockets: servers give them one limit together.</summary>
    internal static readonly Client Unix;

    /// <summary>Whether this is <see cref="Unix"/>.</summary>
    internal bool IsUnix => this == Unix;

    /// <summary>Orders IPv4 before IPv6, and each by its bytes.</summary>
    public int CompareTo(Client other) => Address.CompareTo(other.Address);

    /// <summary>The text in outputs: the address, or <c>unix</c>.</summary>
    public override string ToString() => IsUnix ? "unix" : Address.ToString();
}
