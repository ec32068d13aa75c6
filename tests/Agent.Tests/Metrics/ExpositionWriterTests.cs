using System.Text;
using Agent.Metrics;

namespace Agent.Tests.Metrics;

public sealed class ExpositionWriterTests
{
    private static readonly MetricFamily Labelled = new("x", MetricType.Gauge, "Help with \\ and\nline.", "a", "b");
    private static readonly MetricFamily Bare = new("y_seconds", MetricType.Gauge, "Bare \"quotes\" stay.");

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

    private static string Text(ExpositionWriter writer) => Encoding.UTF8.GetString(writer.Written.Span);
}
