using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Netlink.SockDiag;

/// <summary>
/// An IPv4 or IPv6 address that needs no allocation. The v4-mapped IPv6 address <c>::ffff:a.b.c.d</c>, which a dual-stack socket has for an IPv4 peer,
/// <b>is</b> the IPv4 address <c>a.b.c.d</c>: the two are equal. It has no zone.
/// </summary>
public readonly struct InetAddress : IEquatable<InetAddress>, IComparable<InetAddress>
{
    private const ulong MappedPrefix = 0xffff_0000_0000;
    private static readonly ulong HighSecret = Secret();
    private static readonly ulong LowSecret = Secret();
    private static readonly ulong FoldSecret = Secret() | 1;

    // An IPv6 address in host order; an IPv4 address is v4-mapped.
    private readonly ulong _high;
    private readonly ulong _low;

    private InetAddress(ulong high, ulong low)
    {
        _high = high;
        _low = low;
    }

    /// <summary>True for an IPv4 address, v4-mapped or plain.</summary>
    public bool IsIPv4 => _high == 0 && (_low & ~0xffff_fffful) == MappedPrefix;

    /// <summary>Whether two addresses are equal.</summary>
    public static bool operator ==(InetAddress left, InetAddress right) => left.Equals(right);

    /// <summary>Whether two addresses differ.</summary>
    public static bool operator !=(InetAddress left, InetAddress right) => !left.Equals(right);

    /// <summary>Whether the left address comes before the right one.</summary>
    public static bool operator <(InetAddress left, InetAddress right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left address comes before the right one or is equal.</summary>
    public static bool operator <=(InetAddress left, InetAddress right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left address comes after the right one.</summary>
    public static bool operator >(InetAddress left, InetAddress right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left address comes after the right one or is equal.</summary>
    public static bool operator >=(InetAddress left, InetAddress right) => left.CompareTo(right) >= 0;

    /// <summary>Reads four bytes in network order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than four bytes.</exception>
    public static InetAddress FromIPv4(ReadOnlySpan<byte> bytes) => new(0, MappedPrefix | BinaryPrimitives.ReadUInt32BigEndian(bytes));

    /// <summary>Reads sixteen bytes in network order; a v4-mapped address becomes the IPv4 one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than sixteen bytes.</exception>
    public static InetAddress FromIPv6(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));

    /// <summary>Converts to .NET's class; a v4-mapped address becomes IPv4. Allocates.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, _high);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], _low);
        return new IPAddress(IsIPv4 ? bytes[12..] : bytes);
    }

    /// <summary>The IPv6 address in host order; an IPv4 address is v4-mapped.</summary>
    internal UInt128 ToUInt128() => new(_high, _low);

    /// <inheritdoc/>
    public bool Equals(InetAddress other) => _high == other._high && _low == other._low;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is InetAddress other && Equals(other);

    /// <summary>Orders IPv4 before IPv6, and each by its bytes.</summary>
    public int CompareTo(InetAddress other)
    {
        int version = other.IsIPv4.CompareTo(IsIPv4);
        int high = version != 0 ? version : _high.CompareTo(other._high);
        return high != 0 ? high : _low.CompareTo(other._low);
    }

    /// <summary>Differs in each process, so that an attacker cannot choose addresses with equal hash codes.</summary>
    public override int GetHashCode()
    {
        // NH of RFC 4418 adds secrets to the words and multiplies them in pairs. HashCode.Combine folds a ulong by xor before it adds its secret, so
        // a client could choose interface identifiers with equal hash codes.
        ulong high = (ulong)((uint)(_high >> 32) + (uint)(HighSecret >> 32)) * ((uint)_high + (uint)HighSecret);
        ulong low = (ulong)((uint)(_low >> 32) + (uint)(LowSecret >> 32)) * ((uint)_low + (uint)LowSecret);
        return (int)(((high + low) * FoldSecret) >> 32);
    }

    /// <summary>The usual text: <c>192.0.2.1</c>, <c>2001:db8::1</c>.</summary>
    public override string ToString() => IsIPv4
        ? string.Create(
            CultureInfo.InvariantCulture, $"{(int)(_low >> 24) & 0xff}.{(int)(_low >> 16) & 0xff}.{(int)(_low >> 8) & 0xff}.{(int)_low & 0xff}")
        : ToIPAddress().ToString();

    private static ulong Secret() => (ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue);
}
