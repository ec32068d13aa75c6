using System.Globalization;

namespace Agent.Watching;

/// <summary>
/// The number of connections of one client from which a watch needs attention: a count, <c>160</c>, or a share of the limit, <c>80%</c>.
/// </summary>
/// <param name="Number">Connections, or per cent.</param>
/// <param name="IsShare">Whether it is a share of the limit.</param>
internal readonly record struct Threshold(int Number, bool IsShare)
{
    /// <exception cref="FormatException">The text is not a threshold; the message is one line.</exception>
    internal static Threshold Parse(string text)
    {
        bool isShare = text.EndsWith('%');
        return int.TryParse(isShare ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && number >= 1 && (!isShare || number <= 100)
            ? new Threshold(number, isShare)
            : throw new FormatException(
                $"'{text}' is not a threshold; give a number of connections from 1 on, or a share of the limit from 1% to 100%");
    }

    /// <summary>The lowest number of connections that reaches it; null for a share without a limit, which no number reaches.</summary>
    /// <param name="limit">The limit that a share refers to.</param>
    internal int? InConnections(int? limit) => IsShare ? (int?)(((limit * (long)Number) + 99) / 100) : Number;

    public override string ToString() => IsShare ? $"{Number}%" : $"{Number}";
}
