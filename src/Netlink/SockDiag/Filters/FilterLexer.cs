using System.Buffers;

namespace Netlink.SockDiag.Filters;

/// <summary>
/// Cuts an expression into tokens. Signs need no blanks around them: <c>!(sport=:80)</c> is what ss wants as <c>! ( sport = :80 )</c>.
/// </summary>
internal sealed class FilterLexer(string text)
{
    private const string Blanks = " \t\r\n";
    private const string Signs = "()!=<>&|,";
    private static readonly SearchValues<char> EndsOfWords = SearchValues.Create(Blanks + Signs);

    private int _position;

    /// <returns>The next token; again and again the one of kind End when there is no more.</returns>
    /// <exception cref="SocketFilterException">A comma.</exception>
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
            // Some read it as 'and', some as 'or'.
            "," => throw new SocketFilterException(column, "a comma joins nothing", "write 'and' or 'or'"),
            _ => new FilterToken(FilterTokenKind.Word, token, column),
        };
    }

    private static int LengthOfToken(ReadOnlySpan<char> text)
    {
        if (text is ['&', '&', ..] or ['|', '|', ..] or ['=' or '!' or '<' or '>', '=', ..])
        {
            return 2;
        }

        int word = text.IndexOfAny(EndsOfWords);
        return word switch
        {
            -1 => text.Length,
            0 => 1,
            _ => word,
        };
    }
}
