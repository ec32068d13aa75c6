using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Agent.Metrics;

/// <summary>
/// Writes Prometheus' text format 0.0.4, see https://prometheus.io/docs/instrumenting/exposition_formats/, or OpenMetrics 1.0, see
/// https://prometheus.io/docs/specs/om/open_metrics_spec/. The buffer is kept from one exposition to the next.
/// </summary>
internal sealed class ExpositionWriter(ExpositionFormat format)
{
    private const int LongestNumber = 32;
    private const string CounterSuffix = "_total";
    private const string EscapedInLabel = "\\\n\"";

    // In the text format a quote in a help text stands for itself.
    private readonly string _escapedInHelp = format == ExpositionFormat.Text ? "\\\n" : "\\\n\"";
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

    /// <summary>Begins a family unless it was the last one to be begun; its samples follow. One without samples is better not begun.</summary>
    internal void Begin(MetricFamily family)
    {
        if (ReferenceEquals(_family, family))
        {
            return;
        }

        _family = family;
        ReadOnlySpan<char> name = NameOf(family);
        Write("# HELP ");
        Write(name);
        Write(" ");
        WriteEscaped(family.Help, _escapedInHelp);
        Write("\n# TYPE ");
        Write(name);
        Write(family.Type switch
        {
            MetricType.Gauge => " gauge\n",
            MetricType.Counter => " counter\n",
            MetricType.Histogram => " histogram\n",
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
    internal void SampleIn(string? netns, double value, params ReadOnlySpan<string> labelValues) =>
        WriteSample("", netns, labelValues, upTo: null, value);

    /// <summary>Writes a histogram as samples of the family that was begun last.</summary>
    /// <param name="netns">A further label; null for the main network namespace, without that label.</param>
    /// <param name="histogram">What was observed so far.</param>
    /// <param name="labelValues">One for each of the family's label names, in their order.</param>
    internal void HistogramIn(string? netns, DurationHistogram histogram, params ReadOnlySpan<string> labelValues)
    {
        Span<long> cumulative = stackalloc long[DurationHistogram.Buckets.Length];
        TimeSpan sum = histogram.Read(cumulative);
        for (int i = 0; i < cumulative.Length; i++)
        {
            WriteSample("_bucket", netns, labelValues, DurationHistogram.Buckets[i].Label, cumulative[i]);
        }

        WriteSample("_sum", netns, labelValues, upTo: null, sum.TotalSeconds);
        WriteSample("_count", netns, labelValues, upTo: null, cumulative[^1]);
    }

    /// <summary>Ends the exposition, which tells a reader of OpenMetrics that it has the whole.</summary>
    internal void End()
    {
        if (format == ExpositionFormat.OpenMetrics)
        {
            Write("# EOF\n");
        }
    }

    /// <summary>What the family is called; in OpenMetrics the suffix of a counter is its sample's, not the family's.</summary>
    private ReadOnlySpan<char> NameOf(MetricFamily family)
    {
        if (family.Type != MetricType.Counter)
        {
            return family.Name;
        }

        if (!family.Name.EndsWith(CounterSuffix, StringComparison.Ordinal))
        {
            throw new ArgumentException($"{family.Name} is a counter and does not end in {CounterSuffix}", nameof(family));
        }

        return format == ExpositionFormat.OpenMetrics ? family.Name.AsSpan()[..^CounterSuffix.Length] : family.Name;
    }

    private void WriteSample(string suffix, string? netns, ReadOnlySpan<string> labelValues, string? upTo, double value)
    {
        MetricFamily family = _family ?? throw new InvalidOperationException("a sample without a family");
        if (labelValues.Length != family.LabelNames.Length)
        {
            throw new ArgumentException($"{family.Name} has {family.LabelNames.Length} labels", nameof(labelValues));
        }

        Write(family.Name);
        Write(suffix);
        string before = "{";
        for (int i = 0; i < labelValues.Length; i++)
        {
            WriteLabel(ref before, family.LabelNames[i], labelValues[i]);
        }

        if (netns is not null)
        {
            WriteLabel(ref before, MetricFamilies.NetnsLabel, netns);
        }

        if (upTo is not null)
        {
            WriteLabel(ref before, "le", upTo);
        }

        Write(before == "{" ? " " : "} ");
        WriteNumber(value);
        Write("\n");
    }

    private void WriteLabel(ref string before, string name, string value)
    {
        Write(before);
        Write(name);
        Write("=\"");
        WriteEscaped(value, EscapedInLabel);
        Write("\"");
        before = ",";
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

    private void Write(ReadOnlySpan<char> text) =>
        _buffer.Advance(Encoding.UTF8.GetBytes(text, _buffer.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length))));
}
