namespace Netlink.SockDiag.Filters;

/// <summary>One of the two ends of a connection.</summary>
internal enum SocketEnd
{
    /// <summary>This one: ss calls it the source.</summary>
    Local,

    /// <summary>The other one: ss calls it the destination.</summary>
    Peer,
}
