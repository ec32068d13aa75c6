using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using static Netlink.SockDiag.Filters.SocketFilterException;

namespace Netlink.SockDiag.Filters;

/// <summary>
/// Reads addresses and prefixes: <c>10.0.0.1</c>, <c>10/8</c>, <c>2001:db8::/32</c>. It is stricter than .NET, which also accepts <c>1</c>,
/// <c>0x7f.1</c> and <c>[::1]:80</c> as addresses.
/// </summary>
internal static class PrefixReader
{
    private const int Octets = 4;
    private const string Remedy = "write an IPv4 or IPv6 address or '*'";

    private static readonly SearchValues<char> IPv6Characters = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <exception cref="SocketFilterException">The text is neither an address nor a prefix.</exception>
    internal static AddressPrefix Read(string text, int column)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        string address = slash < 0 ? text : text[..slash];
        if (address.Contains(':', StringComparison.Ordinal))
        {
            return ReadIPv6(address) is { } value
                ? AddressPrefix.IPv6(value, ReadLength(text, slash, column, 128, "IPv6"))
                : throw NotAnAddress(address, column);
        }

        if (ReadIPv4(address) is not var (network, octets))
        {
            throw NotAnAddress(address, column);
        }

        return octets == Octets || slash >= 0
            ? AddressPrefix.IPv4(network, ReadLength(text, slash, column, 32, "IPv4"))
            : throw new SocketFilterException(
                column, $"{Quote(address)} is not a complete IPv4 address", $"write four numbers, or a prefix as in {address}/{8 * octets}");
    }

    internal static bool IsIPv6Address(string text) => text.Contains(':', StringComparison.Ordinal) && ReadIPv6(text) is not null;

    private static SocketFilterException NotAnAddress(string text, int column)
    {
        string problem = text.Contains('%', StringComparison.Ordinal)
            ? $"{Quote(text)} has a zone, which the kernel cannot filter by"
            : text.Length == 0
                ? "an address is missing"
                : $"{Quote(text)} is not an address, and host names are not supported";
        return new SocketFilterException(column, problem, Remedy);
    }

    private static int ReadLength(string text, int slash, int column, int longest, string version)
    {
        if (slash < 0)
        {
            return longest;
        }

        ReadOnlySpan<char> length = text.AsSpan(slash + 1);
        return OperandReader.TryReadNumber(length, longest, out int bits)
            ? bits
            : throw new SocketFilterException(
                column + slash + 1, $"{Quote(length)} is not an {version} prefix length", $"write a number from 0 to {longest}");
    }

    /// <returns>The address, with zeros for missing numbers, and the count of the numbers; null if the text is not an address.</returns>
    private static (uint Address, int Octets)? ReadIPv4(string text)
    {
        uint address = 0;
        int count = 0;
        foreach (Range range in text.AsSpan().Split('.'))
        {
            if (count == Octets || !OperandReader.TryReadNumber(text.AsSpan()[range], byte.MaxValue, out int octet))
            {
                return null;
            }

            count++;
            address |= (uint)octet << (32 - (8 * count));
        }

        return (address, count);
    }

    private static UInt128? ReadIPv6(string text)
    {
        string last = text[(text.LastIndexOf(':') + 1)..];
        if (text.AsSpan().ContainsAnyExcept(IPv6Characters)
            || (last.Contains('.', StringComparison.Ordinal) && ReadIPv4(last) is not (_, Octets))
            || !IPAddress.TryParse(text, out IPAddress? address)
            || address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[AddressPrefix.IPv6Length];
        address.TryWriteBytes(bytes, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
