using System.Buffers;

namespace Netlink.SockDiag.Filters;

/// <summary>
/// Splits an expression into tokens. Operators need no spaces around them: <c>!(sport=:80)</c>, which ss requires as <c>! ( sport = :80 )</c>.
/// </summary>
internal sealed class FilterLexer(string text)
{
    private const string Blanks = " \t\r\n";
    private const string Operators = "()!=<>&|,";
    private static readonly SearchValues<char> WordEnds = SearchValues.Create(Blanks + Operators);

    private int _position;

    /// <returns>The next token; after the last one always a token of kind End.</returns>
    /// <exception cref="SocketFilterException">The next token is a comma.</exception>
    internal FilterToken Next()
    {
        while (_position < text.Length && Blanks.Contains(text[_position], StringComparison.Ordinal))
        {
            _position++;
        }

        int start = _position;
        _position += LengthOfToken(text.AsSpan(start));
        string token = text[start.._position];
        int column = start + 1;
        return token switch
        {
            "" => new FilterToken(FilterTokenKind.End, token, column),
            "(" => new FilterToken(FilterTokenKind.Open, token, column),
            ")" => new FilterToken(FilterTokenKind.Close, token, column),
            "!" or "not" => new FilterToken(FilterTokenKind.Not, token, column),
            "&" or "&&" or "and" => new FilterToken(FilterTokenKind.And, token, column),
            "|" or "||" or "or" => new FilterToken(FilterTokenKind.Or, token, column),
            "=" or "==" or "eq" => new FilterToken(FilterTokenKind.Comparison, token, column, Comparison.Equal),
            "!=" or "ne" or "neq" => new FilterToken(FilterTokenKind.Comparison, token, column, Comparison.NotEqual),
            "<" or "lt" => new FilterToken(FilterTokenKind.Comparison, token, column, Comparison.Less),
            "<=" or "le" or "leq" => new FilterToken(FilterTokenKind.Comparison, token, column, Comparison.LessOrEqual),
            ">" or "gt" => new FilterToken(FilterTokenKind.Comparison, token, column, Comparison.Greater),
            ">=" or "ge" or "geq" => new FilterToken(FilterTokenKind.Comparison, token, column, Comparison.GreaterOrEqual),
            // Ambiguous: some tools read it as 'and', some as 'or'.
            "," => throw new SocketFilterException(column, "a comma is not an operator", "write 'and' or 'or'"),
            _ => new FilterToken(FilterTokenKind.Word, token, column),
        };
    }

    private static int LengthOfToken(ReadOnlySpan<char> text)
    {
        if (text is ['&', '&', ..] or ['|', '|', ..] or ['=' or '!' or '<' or '>', '=', ..])
        {
            return 2;
        }

        int word = text.IndexOfAny(WordEnds);
        return word switch
        {
            -1 => text.Length,
            0 => 1,
            _ => word,
        };
    }
}

/// <summary>A token of an expression.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Text">Its text as written; empty at the end.</param>
/// <param name="Column">Its first column; columns start at 1.</param>
/// <param name="Comparison">The comparison, for a token of that kind.</param>
internal readonly record struct FilterToken(FilterTokenKind Kind, string Text, int Column, Comparison Comparison = default);

/// <summary>The kind of a <see cref="FilterToken"/>.</summary>
internal enum FilterTokenKind
{
    /// <summary>The end of the expression.</summary>
    End,

    /// <summary>A predicate or its operand.</summary>
    Word,

    /// <summary>One of <see cref="SockDiag.Filters.Comparison"/>.</summary>
    Comparison,

    /// <summary><c>and &amp; &amp;&amp;</c></summary>
    And,

    /// <summary><c>or | ||</c></summary>
    Or,

    /// <summary><c>not !</c></summary>
    Not,

    /// <summary><c>(</c></summary>
    Open,

    /// <summary><c>)</c></summary>
    Close,
}
