using System.Collections.Immutable;
using static Netlink.SockDiag.Filters.SocketFilterException;

namespace Netlink.SockDiag.Filters;

/// <summary>
/// Parses the language that <see cref="SocketFilter"/> describes, by recursive descent:
/// <code>
/// any       = all { or all }
/// all       = one { [ and ] one }
/// one       = not one | "(" any ")" | predicate
/// predicate = ( "src" | "dst" ) [ "=" | "!=" ] HOST | ( "sport" | "dport" ) [ comparison ] PORT
/// </code>
/// </summary>
internal sealed class FilterParser
{
    /// <summary>The deepest nesting of parentheses and 'not'. It limits the stack that a text can use.</summary>
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

    /// <exception cref="SocketFilterException">The text is not an expression.</exception>
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
                parser._token.Column, "this ')' has no matching '('", "remove it, or add '(' before it"),
            _ => throw parser.Misplaced(),
        };
    }

    private FilterExpression ParseAny()
    {
        ImmutableArray<FilterExpression>.Builder operands = ImmutableArray.CreateBuilder<FilterExpression>();
        do
        {
            operands.Add(ParseAll(afterOr: operands.Count > 0));
        }
        while (TryTake(FilterTokenKind.Or));
        return operands.Count == 1 ? operands[0] : new Disjunction(operands.ToImmutable());
    }

    private FilterExpression ParseAll(bool afterOr)
    {
        ImmutableArray<FilterExpression>.Builder operands = ImmutableArray.CreateBuilder<FilterExpression>();
        operands.Add(ParseOne());
        while (_token.Kind is FilterTokenKind.And or FilterTokenKind.Word or FilterTokenKind.Not or FilterTokenKind.Open)
        {
            if (afterOr)
            {
                // According to ss(8), 'and' binds closer than 'or'. But ss evaluates from left to right.
                throw new SocketFilterException(
                    _token.Column, "'and' after 'or' is ambiguous", "write '( a or b ) and c' or 'a or ( b and c )'");
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
                token.Column, "expected a predicate, found the end of the expression", Predicates),
            _ => throw new SocketFilterException(token.Column, $"expected a predicate, found {Quote(token.Text)}", Predicates),
        };
    }

    private FilterExpression ParseNested(FilterToken token)
    {
        if (++_depth > MaxDepth)
        {
            throw new SocketFilterException(token.Column, $"the expression is nested deeper than {MaxDepth} levels", "use fewer parentheses and 'not'");
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
            ? new SocketFilterException(open.Column, "this '(' has no matching ')'", "add ')' after the last predicate of the group")
            : Misplaced();
    }

    private FilterExpression ParsePredicate(FilterToken predicate) => predicate.Text switch
    {
        "src" => ParseHost(SocketEnd.Local, predicate.Text),
        "dst" => ParseHost(SocketEnd.Peer, predicate.Text),
        "sport" => ParsePort(SocketEnd.Local, predicate.Text),
        "dport" => ParsePort(SocketEnd.Peer, predicate.Text),
        "dev" or "fwmark" or "cgroup" or "autobound" or "state" or "exclude" =>
            throw new SocketFilterException(predicate.Column, $"{Quote(predicate.Text)} is a predicate of ss that is not supported here", Predicates),
        _ => throw new SocketFilterException(predicate.Column, $"{Quote(predicate.Text)} is not a predicate", Predicates),
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
        new(_token.Column, $"expected 'and' or 'or', found {Quote(_token.Text)}", "join predicates with 'and' or 'or'");

    /// <returns>The comparison; if there is none, that for equality.</returns>
    private FilterToken TakeComparison() => _token.Kind == FilterTokenKind.Comparison ? Take() : default;

    private FilterToken TakeOperand(string predicate, string what, string example) =>
        _token.Kind == FilterTokenKind.Word
            ? Take()
            : throw new SocketFilterException(
                _token.Column, $"{what} is missing after {Quote(predicate)}", $"write for example {example}");

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
