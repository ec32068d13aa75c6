using System.Net;
using Netlink.SockDiag.Filters;

namespace Netlink.Tests.SockDiag.Filters;

/// <summary>Evaluates an expression without bytecode, with .NET's own prefix arithmetic.</summary>
internal static class Evaluation
{
    internal static bool Holds(FilterExpression expression, IPEndPoint local, IPEndPoint peer) => expression switch
    {
        Conjunction all => all.Operands.All(operand => Holds(operand, local, peer)),
        Disjunction any => any.Operands.Any(operand => Holds(operand, local, peer)),
        Negation not => !Holds(not.Operand, local, peer),
        AddressCondition host => Holds(host, host.End == SocketEnd.Local ? local : peer),
        PortCondition port => Holds(port, (port.End == SocketEnd.Local ? local : peer).Port),
        _ => throw new InvalidOperationException($"{expression.GetType()}"),
    };

    private static bool Holds(AddressCondition condition, IPEndPoint end) =>
        (condition.Port ?? end.Port) == end.Port
        && (condition.Prefix is not { } prefix || NetworkOf(prefix).Contains(Unmapped(end.Address)));

    private static bool Holds(PortCondition condition, int port) => condition.Comparison switch
    {
        Comparison.Equal => port == condition.Port,
        Comparison.NotEqual => port != condition.Port,
        Comparison.Less => port < condition.Port,
        Comparison.LessOrEqual => port <= condition.Port,
        Comparison.Greater => port > condition.Port,
        _ => port >= condition.Port,
    };

    private static IPNetwork NetworkOf(AddressPrefix prefix)
    {
        string text = prefix.ToString().Trim('[', ']');
        return text.Contains('/', StringComparison.Ordinal)
            ? IPNetwork.Parse(text)
            : new IPNetwork(IPAddress.Parse(text), prefix.LengthAsWritten);
    }

    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
