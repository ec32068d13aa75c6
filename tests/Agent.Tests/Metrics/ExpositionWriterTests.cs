using System.Text;
using Agent.Metrics;
using Testing;

namespace Agent.Tests.Metrics;

public sealed class ExpositionWriterTests
{
    private static readonly MetricFamily Labelled = new("x", MetricType.Gauge, "Help with \\ and\nline.", "a", "b");
    private static readonly MetricFamily Bare = new("y_seconds", MetricType.Gauge, "Bare \"quotes\" stay.");
    private static readonly MetricFamily Counted = new("z_total", MetricType.Counter, "Counted.", "a");
    private static readonly MetricFamily Distributed = new("h_seconds", MetricType.Histogram, "Distributed.", "a");

    [Fact]
    public void Families_and_samples_are_written_with_what_the_format_escapes()
    {
        ExpositionWriter writer = new(ExpositionFormat.Text);
        writer.Begin(Labelled);
        writer.Sample(1, "1", "ü");
        writer.Sample(2, "quote \" backslash \\ line\n", "");
        writer.Begin(Bare);
        writer.Sample(0.5);

        Assert.Equal(
            """
            # HELP x Help with \\ and\nline.
            # TYPE x gauge
            x{a="1",b="ü"} 1
            x{a="quote \" backslash \\ line\n",b=""} 2
            # HELP y_seconds Bare "quotes" stay.
            # TYPE y_seconds gauge
            y_seconds 0.5

            """,
            Text(writer));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(95_000, "95000")]
    [InlineData(-1, "-1")]
    [InlineData(1792578240.123, "1792578240.123")]
    [InlineData(0.000123, "0.000123")]
    [InlineData(1e300, "1E+300")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    public void Numbers_are_written_so_that_Go_reads_them(double value, string text)
    {
        ExpositionWriter writer = new(ExpositionFormat.Text);
        writer.Begin(Bare);
        writer.Sample(value);
        Assert.EndsWith($"y_seconds {text}\n", Text(writer));
    }

    [Fact]
    public void A_cleared_writer_starts_anew()
    {
        ExpositionWriter writer = new(ExpositionFormat.Text);
        writer.Begin(Bare);
        writer.Clear();
        Assert.Equal("", Text(writer));
        Assert.Throws<InvalidOperationException>(() => writer.Sample(1));
    }

    [Fact]
    public void Each_label_needs_its_value()
    {
        ExpositionWriter writer = new(ExpositionFormat.Text);
        writer.Begin(Labelled);
        Assert.Throws<ArgumentException>(() => writer.Sample(1, "only one"));
    }

    [Fact]
    public void A_family_begun_twice_in_a_row_is_announced_once()
    {
        ExpositionWriter writer = new(ExpositionFormat.Text);
        writer.Begin(Bare);
        writer.Sample(1);
        writer.Begin(Bare);
        writer.Sample(2);
        Assert.Equal(
            """
            # HELP y_seconds Bare "quotes" stay.
            # TYPE y_seconds gauge
            y_seconds 1
            y_seconds 2

            """,
            Text(writer));
    }

    [Fact]
    public void A_counter_is_called_by_its_whole_name_in_the_text_format()
    {
        ExpositionWriter writer = new(ExpositionFormat.Text);
        writer.Begin(Counted);
        writer.Sample(3, "x");
        writer.End();
        Assert.Equal(
            """
            # HELP z_total Counted.
            # TYPE z_total counter
            z_total{a="x"} 3

            """,
            Text(writer));
    }

    [Fact]
    public void In_OpenMetrics_a_counters_family_is_without_its_suffix_quotes_are_escaped_and_the_end_is_told()
    {
        ExpositionWriter writer = new(ExpositionFormat.OpenMetrics);
        writer.Begin(Counted);
        writer.SampleIn("other", 3, "quote \" backslash \\ line\n");
        writer.Begin(Bare);
        writer.Sample(0.5);
        writer.End();
        Assert.Equal(
            """
            # HELP z Counted.
            # TYPE z counter
            z_total{a="quote \" backslash \\ line\n",netns="other"} 3
            # HELP y_seconds Bare \"quotes\" stay.
            # TYPE y_seconds gauge
            y_seconds 0.5
            # EOF

            """,
            Text(writer));
    }

    [Theory]
    [InlineData("\\")]
    [InlineData("\"")]
    [InlineData("a\nb")]
    [InlineData("\\n")]
    [InlineData("\\\"}")]
    [InlineData("} 1 # {a=\"b\"} 1")]
    [InlineData("ü, a=\"b\",\u2028")]
    public async Task Another_reader_of_OpenMetrics_sees_one_sample_whatever_its_label_holds(string value)
    {
        ExpositionWriter writer = new(ExpositionFormat.OpenMetrics);
        writer.Begin(Labelled);
        writer.Sample(1, value, "b");
        writer.End();
        Assert.Equal((0, "x gauge 1\n"), await OpenMetricsParser.Parse(Text(writer)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_histogram_is_written_as_its_buckets_its_sum_and_its_count(bool openMetrics)
    {
        DurationHistogram histogram = new();
        histogram.Observe(TimeSpan.FromMicroseconds(100));
        histogram.Observe(TimeSpan.FromSeconds(1));
        histogram.Observe(TimeSpan.FromSeconds(1));
        histogram.Observe(TimeSpan.FromMinutes(1));
        ExpositionWriter writer = new(openMetrics ? ExpositionFormat.OpenMetrics : ExpositionFormat.Text);
        writer.Begin(Distributed);
        writer.HistogramIn("other", histogram, "x");

        Assert.Equal(
            """
            # HELP h_seconds Distributed.
            # TYPE h_seconds histogram
            h_seconds_bucket{a="x",netns="other",le="5e-05"} 0
            h_seconds_bucket{a="x",netns="other",le="0.0001"} 1
            h_seconds_bucket{a="x",netns="other",le="0.00025"} 1
            h_seconds_bucket{a="x",netns="other",le="0.0005"} 1
            h_seconds_bucket{a="x",netns="other",le="0.001"} 1
            h_seconds_bucket{a="x",netns="other",le="0.0025"} 1
            h_seconds_bucket{a="x",netns="other",le="0.005"} 1
            h_seconds_bucket{a="x",netns="other",le="0.01"} 1
            h_seconds_bucket{a="x",netns="other",le="0.025"} 1
            h_seconds_bucket{a="x",netns="other",le="0.05"} 1
            h_seconds_bucket{a="x",netns="other",le="0.1"} 1
            h_seconds_bucket{a="x",netns="other",le="0.25"} 1
            h_seconds_bucket{a="x",netns="other",le="0.5"} 1
            h_seconds_bucket{a="x",netns="other",le="1.0"} 3
            h_seconds_bucket{a="x",netns="other",le="2.5"} 3
            h_seconds_bucket{a="x",netns="other",le="5.0"} 3
            h_seconds_bucket{a="x",netns="other",le="10.0"} 3
            h_seconds_bucket{a="x",netns="other",le="+Inf"} 4
            h_seconds_sum{a="x",netns="other"} 62.0001
            h_seconds_count{a="x",netns="other"} 4

            """,
            Text(writer));
    }

    [Fact]
    public void A_counter_needs_its_suffix()
    {
        ExpositionWriter writer = new(ExpositionFormat.Text);
        Assert.Throws<ArgumentException>(() => writer.Begin(new MetricFamily("z", MetricType.Counter, "Help.")));
    }

    private static string Text(ExpositionWriter writer) => Encoding.UTF8.GetString(writer.Written.Span);
}
