using System.Globalization;

namespace Agent.Metrics;

/// <summary>Reads a value from the text format; prometheus-net only writes it.</summary>
internal static class TextFormatReader
{
    /// <returns>The value of the family's sample that has no labels; null where there is none.</returns>
    internal static double? ValueOf(MetricFamily family, ReadOnlySpan<char> text)
    {
        // Split at \n only, like the format: a label value may contain other line separators.
        foreach (Range line in text.Split('\n'))
        {
            if (text[line].StartsWith(family.Name, StringComparison.Ordinal)
                && text[line][family.Name.Length..] is [' ', .. var value]
                && double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
            {
                return number;
            }
        }

        return null;
    }
}
