namespace Agent.Tests.Metrics;

/// <summary>Sorts the samples within each family of an exposition. prometheus-net keeps the order of the families, and no order within a family.</summary>
internal static class SortedSamples
{
    internal static string Of(string text)
    {
        string[] lines = text.Split('\n');
        for (int begin = 0, end; begin < lines.Length; begin = end + 1)
        {
            // A comment or the empty end follows the samples of a family.
            for (end = begin; end < lines.Length && lines[end] is [not '#', ..]; end++)
            {
            }

            Array.Sort(lines, begin, end - begin, StringComparer.Ordinal);
        }

        return string.Join('\n', lines);
    }
}
