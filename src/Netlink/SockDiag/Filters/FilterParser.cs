using System.Collections.Immutable;
using static Netlink.SockDiag.Filters.SocketFilterException;

namespace Netlink.SockDiag.Filters;

/// <summary>
/// Parses what <see cref="SocketFilter"/> describes, by recursive descent:
/// <code>
/// any       = all { or all }
/// all       = one { [ and ] one }
/// one       = not one | "(" any ")" | predicate
/// predicate = ( "src" | "dst" ) [ "=" | "!=" ] HOST | ( "sport" | "dport" ) [ comparison ] PORT
/// </code>
/// </summary>
internal sealed class FilterParser
{
    /// <summary>How deep parentheses and 'not' may nest: whoever writes the text is not to choose how much stack it takes.</summary>
    internal const int MaxDepth = 100;

    private const string Predicates = "write src, dst, sport or dport";

    private readonly FilterLexer _lexer;
    private FilterToken _token;
    private int _depth;

    private FilterParser(string text)
    {
        _lexer = new FilterLexer(text);
        _token = _lexer.Next();
    }

    /// <exception cref="SocketFilterException">It is no expression.</exception>
    internal static FilterExpression Parse(string text)
    {
        FilterParser parser = new(text);
        if (parser._token.Kind == FilterTokenKind.End)
        {
            throw new SocketFilterException(1, "the expression is empty", "write for example 'dport = :443'");
        }

        FilterExpression expression = parser.ParseAny();
        return parser._token.Kind switch
        {
            FilterTokenKind.End => expression,
            FilterTokenKind.Close => throw new SocketFilterException(
                parser._token.Column, "this ')' closes nothing", "leave it out, or write '(' before"),
            _ => throw parser.Misplaced(),
        };
    }

    private FilterExpression ParseAny()
    {
        ImmutableArray<FilterExpression>.Builder operands = ImmutableArray.CreateBuilder<FilterExpression>();
        do
        {
            operands.Add(ParseAll(behindOr: operands.Count > 0));
        }
        while (TryTake(FilterTokenKind.Or));
        return operands.Count == 1 ? operands[0] : new Disjunction(operands.ToImmutable());
    }

    private FilterExpression ParseAll(bool behindOr)
    {
        ImmutableArray<FilterExpression>.Builder operands = ImmutableArray.CreateBuilder<FilterExpression>();
        operands.Add(ParseOne());
        while (_token.Kind is FilterTokenKind.And or FilterTokenKind.Word or FilterTokenKind.Not or FilterTokenKind.Open)
        {
            if (behindOr)
            {
                // ss(8) says that 'and' binds closer than 'or'; ss itself goes from left to right.
                throw new SocketFilterException(
                    _token.Column, "'and' behind 'or' can be read in two ways", "write '( a or b ) and c' or 'a or ( b and c )'");
            }

            TryTake(FilterTokenKind.And);
            operands.Add(ParseOne());
        }

        return operands.Count == 1 ? operands[0] : new Conjunction(operands.ToImmutable());
    }

    private FilterExpression ParseOne()
    {
        FilterToken token = Take();
        return token.Kind switch
        {
            FilterTokenKind.Not or FilterTokenKind.Open => ParseNested(token),
            FilterTokenKind.Word => ParsePredicate(token),
            FilterTokenKind.End => throw new SocketFilterException(
                token.Column, "the expression ends where a predicate is needed", Predicates),
            _ => throw new SocketFilterException(token.Column, $"{Quote(token.Text)} stands where a predicate is needed", Predicates),
        };
    }

    private FilterExpression ParseNested(FilterToken token)
    {
        if (++_depth > MaxDepth)
        {
            throw new SocketFilterException(token.Column, $"the expression is nested deeper than {MaxDepth} levels", "write it flatter");
        }

        FilterExpression expression = token.Kind == FilterTokenKind.Not ? new Negation(ParseOne()) : ParseGroup(token);
        _depth--;
        return expression;
    }

    private FilterExpression ParseGroup(FilterToken open)
    {
        FilterExpression expression = ParseAny();
        if (TryTake(FilterTokenKind.Close))
        {
            return expression;
        }

        throw _token.Kind == FilterTokenKind.End
            ? new SocketFilterException(open.Column, "this '(' is never closed", "write ')' behind the last predicate of the group")
            : Misplaced();
    }

    private FilterExpression ParsePredicate(FilterToken predicate) => predicate.Text switch
    {
        "src" => ParseHost(SocketEnd.Local, predicate.Text),
        "dst" => ParseHost(SocketEnd.Peer, predicate.Text),
        "sport" => ParsePort(SocketEnd.Local, predicate.Text),
        "dport" => ParsePort(SocketEnd.Peer, predicate.Text),
        "dev" or "fwmark" or "cgroup" or "autobound" or "state" or "exclude" =>
            throw new SocketFilterException(predicate.Column, $"{Quote(predicate.Text)} is known to ss and not supported here", Predicates),
        _ => throw new SocketFilterException(predicate.Column, $"{Quote(predicate.Text)} is no predicate", Predicates),
    };

    private FilterExpression ParseHost(SocketEnd end, string predicate)
    {
        FilterToken comparison = TakeComparison();
        if (comparison.Comparison is not (Comparison.Equal or Comparison.NotEqual))
        {
            throw new SocketFilterException(comparison.Column, $"{Quote(comparison.Text)} cannot compare addresses", "write = or !=");
        }

        FilterToken operand = TakeOperand(predicate, "an address", "10.0.0.0/8, [::1]:443 or *:443");
        (AddressPrefix? prefix, ushort? port) = OperandReader.ReadHost(operand);
        AddressCondition condition = new(end, prefix, port);
        return comparison.Comparison == Comparison.Equal ? condition : new Negation(condition);
    }

    private PortCondition ParsePort(SocketEnd end, string predicate)
    {
        Comparison comparison = TakeComparison().Comparison;
        return new PortCondition(end, comparison, OperandReader.ReadPort(TakeOperand(predicate, "a port", ":443")));
    }

    private SocketFilterException Misplaced() =>
        new(_token.Column, $"{Quote(_token.Text)} stands where a predicate has ended", "write 'and' or 'or' and a further predicate");

    /// <returns>The comparison at hand; where there is none, that for equality.</returns>
    private FilterToken TakeComparison() => _token.Kind == FilterTokenKind.Comparison ? Take() : default;

    private FilterToken TakeOperand(string predicate, string what, string example) =>
        _token.Kind == FilterTokenKind.Word
            ? Take()
            : throw new SocketFilterException(
                _token.Column, $"{what} is missing behind {Quote(predicate)}", $"write for example {example}");

    private FilterToken Take()
    {
        FilterToken token = _token;
        _token = _lexer.Next();
        return token;
    }

    private bool TryTake(FilterTokenKind kind)
    {
        if (_token.Kind != kind)
        {
            return false;
        }

        Take();
        return true;
    }
}
