using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Agent.Metrics;

/// <summary>
/// Writes Prometheus' text format 0.0.4, see https://prometheus.io/docs/instrumenting/exposition_formats/. The buffer is kept from one
/// exposition to the next.
/// </summary>
internal sealed class TextFormatWriter
{
    private const int LongestNumber = 32;
    private const string EscapedInHelp = "\\\n";
    private const string EscapedInLabel = "\\\n\"";

    private readonly ArrayBufferWriter<byte> _buffer = new(4096);
    private MetricFamily? _family;

    /// <summary>What was written since <see cref="Clear"/>; valid until the next call of a method.</summary>
    internal ReadOnlyMemory<byte> Written => _buffer.WrittenMemory;

    /// <summary>Forgets what was written and keeps the memory.</summary>
    internal void Clear()
    {
        _buffer.ResetWrittenCount();
        _family = null;
    }

    /// <summary>Begins a family; its samples follow. One without samples is better not begun.</summary>
    internal void Begin(MetricFamily family)
    {
        _family = family;
        Write("# HELP ");
        Write(family.Name);
        Write(" ");
        WriteEscaped(family.Help, EscapedInHelp);
        Write("\n# TYPE ");
        Write(family.Name);
        Write(family.Type switch
        {
            MetricType.Gauge => " gauge\n",
            _ => throw new UnreachableException(),
        });
    }

    /// <summary>Writes a sample of the family that was begun last.</summary>
    /// <param name="value">An integer is written without a fraction.</param>
    /// <param name="labelValues">One for each of the family's label names, in their order.</param>
    internal void Sample(double value, params ReadOnlySpan<string> labelValues) => SampleIn(null, value, labelValues);

    /// <summary>The same for a sample that belongs to a network namespace.</summary>
    /// <param name="netns">A further label; null for the main one, without that label.</param>
    /// <param name="value">An integer is written without a fraction.</param>
    /// <param name="labelValues">One for each of the family's label names, in their order.</param>
    internal void SampleIn(string? netns, double value, params ReadOnlySpan<string> labelValues)
    {
        MetricFamily family = _family ?? throw new InvalidOperationException("a sample without a family");
        if (labelValues.Length != family.LabelNames.Length)
        {
            throw new ArgumentException($"{family.Name} has {family.LabelNames.Length} labels", nameof(labelValues));
        }

        Write(family.Name);
        for (int i = 0; i < labelValues.Length; i++)
        {
            WriteLabel(i == 0 ? "{" : ",", family.LabelNames[i], labelValues[i]);
        }

        if (netns is not null)
        {
            WriteLabel(labelValues.IsEmpty ? "{" : ",", MetricFamilies.NetnsLabel, netns);
        }

        Write(labelValues.IsEmpty && netns is null ? " " : "} ");
        WriteNumber(value);
        Write("\n");
    }

    private void WriteLabel(string before, string name, string value)
    {
        Write(before);
        Write(name);
        Write("=\"");
        WriteEscaped(value, EscapedInLabel);
        Write("\"");
    }

    private void WriteNumber(double value)
    {
        if (double.IsFinite(value))
        {
            bool fits = value.TryFormat(_buffer.GetSpan(LongestNumber), out int written, provider: CultureInfo.InvariantCulture);
            Debug.Assert(fits, "the shortest form of a double has 24 characters at most");
            _buffer.Advance(written);
        }
        else
        {
            Write(double.IsNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
        }
    }

    private void WriteEscaped(ReadOnlySpan<char> text, ReadOnlySpan<char> escaped)
    {
        for (int next; (next = text.IndexOfAny(escaped)) >= 0; text = text[(next + 1)..])
        {
            Write(text[..next]);
            Write(text[next] switch
            {
                '\n' => @"\n",
                '"' => "\\\"",
                _ => @"\\",
            });
        }

        Write(text);
    }

    private void Write(ReadOnlySpan<char> text) => Encoding.UTF8.GetBytes(text, _buffer);
}
