using System.Globalization;

namespace Agent.Metrics;

/// <summary>Finds a value in the text format, for which prometheus-net has a writer and no reader.</summary>
internal static class TextFormatReader
{
    /// <returns>The value of the family's sample that has no labels; null where there is none.</returns>
    internal static double? ValueOf(MetricFamily family, ReadOnlySpan<char> text)
    {
        // Split at \n alone, as the format is: a label's value may have other characters that end a line elsewhere.
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
