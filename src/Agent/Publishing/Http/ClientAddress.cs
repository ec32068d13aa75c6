using System.Net;
using System.Net.Sockets;

namespace Agent.Publishing.Http;

/// <summary>Who a client is when it is held to its share: an IPv4 address, or the /64 of an IPv6 one, which its owner may fill at will.</summary>
internal static class ClientAddress
{
    private const int SubnetBytes = 8;

    /// <param name="address">The peer; v4-mapped is IPv4.</param>
    internal static IPAddress Of(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        Span<byte> bytes = stackalloc byte[16];
        bool fits = address.TryWriteBytes(bytes, out _);
        bytes[SubnetBytes..].Clear();
        return fits ? new IPAddress(bytes) : address;
    }
}
