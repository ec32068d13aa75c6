using System.Globalization;
using System.Text;

namespace Netlink.SockDiag.Filters;

/// <summary>
/// A text is no filter expression. The message is one line of ASCII: where, what is wrong there, and what would be right.
/// </summary>
public sealed class SocketFilterException : FormatException
{
    private const int LongestQuotation = 40;

    internal SocketFilterException(int column, string problem, string remedy)
        : base($"at column {column}: {problem}; {remedy}") => Column = column;

    /// <summary>Where it goes wrong, in UTF-16 code units; the first is 1.</summary>
    public int Column { get; }

    /// <summary>What the text says, so that a terminal and a log take it: on one line, in ASCII, and not too long.</summary>
    internal static string Quote(ReadOnlySpan<char> text)
    {
        StringBuilder quoted = new("'");
        foreach (char c in text[..Math.Min(text.Length, LongestQuotation)])
        {
            _ = c is >= ' ' and <= '~' ? quoted.Append(c) : quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }

        return quoted.Append(text.Length > LongestQuotation ? "...'" : "'").ToString();
    }
}
