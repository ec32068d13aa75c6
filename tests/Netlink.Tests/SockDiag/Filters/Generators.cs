using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using FsCheck;
using FsCheck.Fluent;
using Netlink.SockDiag.Filters;

namespace Netlink.Tests.SockDiag.Filters;

/// <summary>Random expressions and sockets with few different addresses and ports, so that they often match.</summary>
internal static class Generators
{
    private const int LargestSize = 24;

    private static readonly int[] SomePorts = [0, 1, 80, 443, 8500, 8501, 65_534, 65_535];

    private static readonly uint[] SomeIPv4 = [0, 0x7f00_0001, 0x7f00_0005, 0x7f01_0203, 0x0a00_0001, 0x0aff_0001, 0xffff_ffff];

    private static readonly UInt128[] SomeIPv6 =
    [
        0, 1, UInt128.MaxValue, Of("2001:db8::1"), Of("2001:db8:0:1::1"), Of("fe80::1"), Of("::ffff:0:0"), Of("::ffff:127.0.0.1"),
        Of("::ffff:10.0.0.1"), Of("::fffe:127.0.0.1"), Of("::7f00:1"),
    ];

    private static readonly Gen<SocketEnd> Ends = Gen.Elements(SocketEnd.Local, SocketEnd.Peer);

    /// <summary>Expressions of every kind. Some match all sockets or none.</summary>
    internal static Gen<FilterExpression> Expressions { get; } = ExpressionsOver(SomePorts, SomeIPv4, SomeIPv6);

    /// <summary>IPv4 sockets, IPv6 sockets, and the IPv4 connections of dual-stack sockets.</summary>
    internal static Gen<Entry> Sockets { get; } = Gen.OneOf(
        from local in EndPoints(Gen.Elements(SomeIPv4).Select(IPv4))
        from peer in EndPoints(Gen.Elements(SomeIPv4).Select(IPv4))
        select new Entry(Entry.IPv4, local, peer),
        from local in EndPoints(Gen.Elements(SomeIPv6).Select(IPv6))
        from peer in EndPoints(Gen.Elements(SomeIPv6).Select(IPv6))
        select new Entry(Entry.IPv6, local, peer),
        from local in EndPoints(Gen.Elements(SomeIPv4).Select(address => IPv4(address).MapToIPv6()))
        from peer in EndPoints(Gen.Elements(SomeIPv4).Select(address => IPv4(address).MapToIPv6()))
        select new Entry(Entry.IPv6, local, peer));

    /// <summary>Expressions with these ports and addresses, and prefixes of the addresses.</summary>
    internal static Gen<FilterExpression> ExpressionsOver(
        int[] ports, uint[] ipv4, UInt128[] ipv6, int shortestIPv4Prefix = 0, int shortestIPv6Prefix = 0)
    {
        Gen<FilterExpression> predicates = Predicates(
            Gen.Elements(ports).Select(port => (ushort)port),
            Gen.OneOf(
                from address in Gen.Elements(ipv4)
                from length in Gen.OneOf(Gen.Choose(shortestIPv4Prefix, 32), Gen.Constant(32))
                select AddressPrefix.IPv4(address, length),
                from address in Gen.Elements(ipv6)
                from length in Gen.OneOf(Gen.Choose(shortestIPv6Prefix, 128), Gen.Choose(shortestIPv6Prefix, Math.Max(shortestIPv6Prefix, 100)), Gen.Constant(128))
                select AddressPrefix.IPv6(address, length)));
        return Gen.Sized(size => Expression(predicates, Math.Min(size, LargestSize)));
    }

    private static Gen<FilterExpression> Predicates(Gen<ushort> ports, Gen<AddressPrefix> prefixes)
    {
        Gen<ushort?> anyPorts = Gen.OneOf(Gen.Constant((ushort?)null), ports.Select(port => (ushort?)port));
        return Gen.OneOf(
            from end in Ends
            from comparison in Gen.Elements(Enum.GetValues<Comparison>())
            from port in ports
            select (FilterExpression)new PortCondition(end, comparison, port),
            from end in Ends
            from prefix in prefixes
            from port in anyPorts
            select (FilterExpression)new AddressCondition(end, prefix, port),
            from end in Ends
            from port in anyPorts
            select (FilterExpression)new AddressCondition(end, null, port));
    }

    /// <param name="predicates">The predicates to combine.</param>
    /// <param name="size">About the number of predicates.</param>
    private static Gen<FilterExpression> Expression(Gen<FilterExpression> predicates, int size) => size < 2
        ? predicates
        : Gen.OneOf(
            predicates,
            Expression(predicates, size - 1).Select(operand => (FilterExpression)new Negation(operand)),
            Operands(predicates, size).Select(operands => (FilterExpression)new Conjunction(operands)),
            Operands(predicates, size).Select(operands => (FilterExpression)new Disjunction(operands)));

    private static Gen<ImmutableArray<FilterExpression>> Operands(Gen<FilterExpression> predicates, int size) =>
        from count in Gen.Choose(2, 4)
        from operands in Expression(predicates, size / count).ArrayOf(count)
        select operands.ToImmutableArray();

    private static Gen<IPEndPoint> EndPoints(Gen<IPAddress> addresses) =>
        from address in addresses
        from port in Gen.Elements(SomePorts)
        select new IPEndPoint(address, port);

    private static IPAddress IPv4(uint address)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, address);
        return new IPAddress(bytes);
    }

    private static IPAddress IPv6(UInt128 address)
    {
        byte[] bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, address);
        return new IPAddress(bytes);
    }

    private static UInt128 Of(string address) => BinaryPrimitives.ReadUInt128BigEndian(IPAddress.Parse(address).GetAddressBytes());
}
