using System.Globalization;
using System.Text;

namespace Netlink.SockDiag.Filters;

/// <summary>
/// A text is not a filter expression. The message is one line of ASCII: the column, the problem, and how to correct it.
/// </summary>
public sealed class SocketFilterException : FormatException
{
    private const int MaxQuotationLength = 40;

    internal SocketFilterException(int column, string problem, string remedy)
        : base($"at column {column}: {problem}; {remedy}") => Column = column;

    /// <summary>The column of the problem, in UTF-16 code units; the first is 1.</summary>
    public int Column { get; }

    /// <summary>Quotes a text so that it is safe for terminals and logs: one line of ASCII, and not too long.</summary>
    internal static string Quote(ReadOnlySpan<char> text)
    {
        StringBuilder quoted = new("'");
        foreach (char c in text[..Math.Min(text.Length, MaxQuotationLength)])
        {
            _ = c is >= ' ' and <= '~' ? quoted.Append(c) : quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
        }

        return quoted.Append(text.Length > MaxQuotationLength ? "...'" : "'").ToString();
    }
}
