using System.Net;
using System.Net.Sockets;

namespace Agent.Publishing.Http;

/// <summary>The address that quotas count by: an IPv4 address, or the /64 network of an IPv6 address, because one host may use every address of it.</summary>
internal static class ClientAddress
{
    private const int SubnetBytes = 8;

    /// <param name="address">The address of the peer; a v4-mapped one counts as IPv4.</param>
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
