namespace Agent.Tests.Metrics;

/// <summary>An exposition whose samples are in order: prometheus-net keeps that of the families, and none within a family.</summary>
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
