using System.Collections.Immutable;

namespace Netlink.SockDiag.Filters;

/// <summary>
/// A filter as a syntax tree. Its text is a filter again, with every group in parentheses.
/// </summary>
internal abstract record FilterExpression
{
    /// <inheritdoc/>
    public sealed override string ToString() => Print();

    private protected abstract string Print();

    // 'not' binds closest, so only 'and' and 'or' need parentheses.
    private protected static string PrintOperand(FilterExpression operand) =>
        operand is Conjunction or Disjunction ? $"( {operand} )" : operand.ToString();
}

/// <summary>Matches if all operands match.</summary>
/// <param name="Operands">At least two.</param>
internal sealed record Conjunction(ImmutableArray<FilterExpression> Operands) : FilterExpression
{
    private protected override string Print() => string.Join(" and ", Operands.Select(PrintOperand));
}

/// <summary>Matches if at least one operand matches.</summary>
/// <param name="Operands">At least two.</param>
internal sealed record Disjunction(ImmutableArray<FilterExpression> Operands) : FilterExpression
{
    private protected override string Print() => string.Join(" or ", Operands.Select(PrintOperand));
}

/// <summary>Matches if the operand does not.</summary>
internal sealed record Negation(FilterExpression Operand) : FilterExpression
{
    private protected override string Print() => $"not {PrintOperand(Operand)}";
}

/// <summary>Compares the address, the port or both of one end.</summary>
/// <param name="End">The end.</param>
/// <param name="Prefix">The prefix of its address; null for every address.</param>
/// <param name="Port">Its port; null for every port.</param>
internal sealed record AddressCondition(SocketEnd End, AddressPrefix? Prefix, ushort? Port) : FilterExpression
{
    private protected override string Print() =>
        $"{(End == SocketEnd.Local ? "src" : "dst")} {Prefix?.ToString() ?? "*"}{(Port is null ? "" : $":{Port}")}";
}

/// <summary>Compares the port of one end with a number.</summary>
internal sealed record PortCondition(SocketEnd End, Comparison Comparison, ushort Port) : FilterExpression
{
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
