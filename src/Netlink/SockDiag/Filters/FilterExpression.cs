using System.Collections.Immutable;

namespace Netlink.SockDiag.Filters;

/// <summary>
/// A filter as a syntax tree. Its text is a filter again, with every group in parentheses.
/// </summary>
internal abstract record FilterExpression
{
    /// <inheritdoc/>
    public sealed override string ToString() => Print();

    /// <summary>Whether a connection matches, as the kernel decides it for a socket that it still has.</summary>
    internal abstract bool Matches(in ConnectionEnds connection);

    private protected abstract string Print();

    // 'not' binds closest, so only 'and' and 'or' need parentheses.
    private protected static string PrintOperand(FilterExpression operand) =>
        operand is Conjunction or Disjunction ? $"( {operand} )" : operand.ToString();
}

/// <summary>Matches if all operands match.</summary>
/// <param name="Operands">At least two.</param>
internal sealed record Conjunction(ImmutableArray<FilterExpression> Operands) : FilterExpression
{
    internal override bool Matches(in ConnectionEnds connection)
    {
        foreach (FilterExpression operand in Operands)
        {
            if (!operand.Matches(in connection))
            {
                return false;
            }
        }

        return true;
    }

    private protected override string Print() => string.Join(" and ", Operands.Select(PrintOperand));
}

/// <summary>Matches if at least one operand matches.</summary>
/// <param name="Operands">At least two.</param>
internal sealed record Disjunction(ImmutableArray<FilterExpression> Operands) : FilterExpression
{
    internal override bool Matches(in ConnectionEnds connection)
    {
        foreach (FilterExpression operand in Operands)
        {
            if (operand.Matches(in connection))
            {
                return true;
            }
        }

        return false;
    }

    private protected override string Print() => string.Join(" or ", Operands.Select(PrintOperand));
}

/// <summary>Matches if the operand does not.</summary>
internal sealed record Negation(FilterExpression Operand) : FilterExpression
{
    internal override bool Matches(in ConnectionEnds connection) => !Operand.Matches(in connection);

    private protected override string Print() => $"not {PrintOperand(Operand)}";
}

/// <summary>Compares the address, the port or both of one end.</summary>
/// <param name="End">The end.</param>
/// <param name="Prefix">The prefix of its address; null for every address.</param>
/// <param name="Port">Its port; null for every port.</param>
internal sealed record AddressCondition(SocketEnd End, AddressPrefix? Prefix, ushort? Port) : FilterExpression
{
    internal override bool Matches(in ConnectionEnds connection) =>
        Prefix?.Contains(connection.AddressOf(End)) != false && (Port is not { } port || port == connection.PortOf(End));

    private protected override string Print() =>
        $"{(End == SocketEnd.Local ? "src" : "dst")} {Prefix?.ToString() ?? "*"}{(Port is null ? "" : $":{Port}")}";
}

/// <summary>Compares the port of one end with a number.</summary>
internal sealed record PortCondition(SocketEnd End, Comparison Comparison, ushort Port) : FilterExpression
{
    internal override bool Matches(in ConnectionEnds connection)
    {
        ushort actual = connection.PortOf(End);
        return Comparison switch
        {
            Comparison.Equal => actual == Port,
            Comparison.NotEqual => actual != Port,
            Comparison.Less => actual < Port,
            Comparison.LessOrEqual => actual <= Port,
            Comparison.Greater => actual > Port,
            _ => actual >= Port,
        };
    }

    private protected override string Print() => $"{(End == SocketEnd.Local ? "sport" : "dport")} {Symbol} :{Port}";

    private string Symbol => Comparison switch
    {
        Comparison.Equal => "=",
        Comparison.NotEqual => "!=",
        Comparison.Less => "<",
        Comparison.LessOrEqual => "<=",
        Comparison.Greater => ">",
        _ => ">=",
    };
}

/// <summary>The addresses and ports of a connection.</summary>
/// <param name="Local">The address at this end.</param>
/// <param name="LocalPort">Its port.</param>
/// <param name="Peer">The address at the other end.</param>
/// <param name="PeerPort">Its port.</param>
internal readonly record struct ConnectionEnds(InetAddress Local, ushort LocalPort, InetAddress Peer, ushort PeerPort)
{
    internal InetAddress AddressOf(SocketEnd end) => end == SocketEnd.Local ? Local : Peer;

    internal ushort PortOf(SocketEnd end) => end == SocketEnd.Local ? LocalPort : PeerPort;
}

/// <summary>An end of a connection.</summary>
internal enum SocketEnd
{
    /// <summary>The local end; ss calls it the source.</summary>
    Local,

    /// <summary>The other end; ss calls it the destination.</summary>
    Peer,
}

/// <summary>A comparison of two numbers.</summary>
internal enum Comparison
{
    /// <summary><c>= == eq</c></summary>
    Equal,

    /// <summary><c>!= ne neq</c></summary>
    NotEqual,

    /// <summary><c>&lt; lt</c></summary>
    Less,

    /// <summary><c>&lt;= le leq</c></summary>
    LessOrEqual,

    /// <summary><c>&gt; gt</c></summary>
    Greater,

    /// <summary><c>&gt;= ge geq</c></summary>
    GreaterOrEqual,
}
