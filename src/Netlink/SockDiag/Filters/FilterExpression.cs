using System.Collections.Immutable;

namespace Netlink.SockDiag.Filters;

/// <summary>
/// What a socket is to satisfy, as a tree. Its text is in the language that it is parsed from, every group in parentheses.
/// </summary>
internal abstract record FilterExpression
{
    /// <inheritdoc/>
    public sealed override string ToString() => Print();

    private protected abstract string Print();

    // 'not' binds closest, so that only what joins others needs parentheses.
    private protected static string PrintOperand(FilterExpression operand) =>
        operand is Conjunction or Disjunction ? $"( {operand} )" : operand.ToString();
}

/// <summary>All of them.</summary>
/// <param name="Operands">Two at least.</param>
internal sealed record Conjunction(ImmutableArray<FilterExpression> Operands) : FilterExpression
{
    private protected override string Print() => string.Join(" and ", Operands.Select(PrintOperand));
}

/// <summary>Any of them.</summary>
/// <param name="Operands">Two at least.</param>
internal sealed record Disjunction(ImmutableArray<FilterExpression> Operands) : FilterExpression
{
    private protected override string Print() => string.Join(" or ", Operands.Select(PrintOperand));
}

/// <summary>Not it.</summary>
internal sealed record Negation(FilterExpression Operand) : FilterExpression
{
    private protected override string Print() => $"not {PrintOperand(Operand)}";
}

/// <summary>The address, the port or both of one end.</summary>
/// <param name="End">Which end.</param>
/// <param name="Prefix">Where its address is; null for everywhere.</param>
/// <param name="Port">Its port; null for every port.</param>
internal sealed record AddressCondition(SocketEnd End, AddressPrefix? Prefix, ushort? Port) : FilterExpression
{
    private protected override string Print() =>
        $"{(End == SocketEnd.Local ? "src" : "dst")} {Prefix?.ToString() ?? "*"}{(Port is null ? "" : $":{Port}")}";
}

/// <summary>The port of one end, compared with a number.</summary>
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
