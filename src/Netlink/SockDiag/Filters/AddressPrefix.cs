using System.Buffers.Binary;
using System.Net;

namespace Netlink.SockDiag.Filters;

/// <summary>
/// The addresses that begin with the same bits. An IPv4 prefix is stored as v4-mapped: <c>10.0.0.0/8</c> and <c>::ffff:10.0.0.0/104</c> are equal, as
/// their addresses are for <see cref="InetAddress"/>.
/// </summary>
internal readonly record struct AddressPrefix
{
    /// <summary>The number of bytes of an IPv6 address.</summary>
    internal const int IPv6Length = 16;

    private const int IPv4Length = 4;
    private const int IPv6Bits = 128;
    private const int IPv4Bits = 32;
    private const int MappedBits = IPv6Bits - IPv4Bits;

    private static readonly UInt128 MappedNetwork = (UInt128)0xffff << IPv4Bits;

    private AddressPrefix(UInt128 address, int length)
    {
        Network = address & Mask(length);
        Length = length;
    }

    /// <summary>Every IPv4 address.</summary>
    internal static AddressPrefix EveryIPv4 => new(MappedNetwork, MappedBits);

    /// <summary>Whether it contains only IPv4 addresses.</summary>
    internal bool IsIPv4 => Length >= MappedBits && (Network & Mask(MappedBits)) == MappedNetwork;

    /// <summary>Whether it contains all v4-mapped addresses and others.</summary>
    internal bool ContainsIPv4 => Length < MappedBits && (MappedNetwork & Mask(Length)) == Network;

    /// <summary>The number after the slash: 0 to 32 for IPv4, 0 to 128 for IPv6.</summary>
    internal int LengthAsWritten => IsIPv4 ? Length - MappedBits : Length;

    // As IPv6, in host order, with zeros after the prefix.
    private UInt128 Network { get; }

    private int Length { get; }

    /// <param name="address">In host order.</param>
    /// <param name="length">0 to 32.</param>
    internal static AddressPrefix IPv4(uint address, int length) => new(MappedNetwork | address, MappedBits + length);

    /// <param name="address">In host order.</param>
    /// <param name="length">0 to 128.</param>
    internal static AddressPrefix IPv6(UInt128 address, int length) => new(address, length);

    /// <summary>Whether the address begins with these bits. An IPv6 prefix contains no IPv4 address.</summary>
    internal bool Contains(InetAddress address) =>
        address.IsIPv4 == IsIPv4 && (address.ToUInt128() & Mask(Length)) == Network;

    /// <summary>Writes the address in network order.</summary>
    /// <returns>Its length: 4 or 16 bytes.</returns>
    internal int CopyAddress(Span<byte> destination)
    {
        if (IsIPv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)Network);
            return IPv4Length;
        }

        BinaryPrimitives.WriteUInt128BigEndian(destination, Network);
        return IPv6Length;
    }

    /// <summary>The text that ss accepts: <c>10.0.0.0/8</c>, <c>10.0.0.1</c>, <c>[2001:db8::/32]</c>.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[IPv6Length];
        string address = new IPAddress(bytes[..CopyAddress(bytes)]).ToString();
        string prefix = Length == IPv6Bits ? address : $"{address}/{LengthAsWritten}";
        return IsIPv4 ? prefix : $"[{prefix}]";
    }

    private static UInt128 Mask(int length) => length == 0 ? 0 : UInt128.MaxValue << (IPv6Bits - length);
}
