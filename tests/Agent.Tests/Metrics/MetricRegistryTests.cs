using System.Text;
using Agent.Metrics;
using Agent.Metrics.Endpoint;
using Prometheus;
using Testing;

namespace Agent.Tests.Metrics;

public sealed class MetricRegistryTests
{
    private static readonly MetricFamily Labelled = new("x", MetricType.Gauge, "Labelled.", "a", "b");
    private static readonly MetricFamily Bare = new("y_seconds", MetricType.Gauge, "Bare.");
    private static readonly MetricFamily Counted = new("z_total", MetricType.Counter, "Counted.", "a");
    private static readonly MetricFamily Distributed = new("h_seconds", MetricType.Histogram, "Distributed.") { Buckets = [50e-6, 0.5, 1, 2.5] };

    private static readonly MetricFamily Resettable = new("r_total", MetricType.Counter, "Resettable.", "a") { CanFall = true };

    private readonly MetricRegistry _registry = new(Labelled, Bare, Counted, Distributed);

    [Fact]
    public void Families_are_exported_in_their_order_with_their_samples()
    {
        _registry.BeginUpdate();
        _registry.Set(Counted, 3, "x");
        _registry.Set(Bare, 0.5);
        _registry.Set(Labelled, 1, "1", "ü");
        _registry.SetIn(Labelled, "other", 2, "1", "ü");

        Assert.Equal(
            """
            # HELP x Labelled.
            # TYPE x gauge
            x{a="1",b="ü"} 1
            x{a="1",b="ü",netns="other"} 2
            # HELP y_seconds Bare.
            # TYPE y_seconds gauge
            y_seconds 0.5
            # HELP z_total Counted.
            # TYPE z_total counter
            z_total{a="x"} 3
            # HELP h_seconds Distributed.
            # TYPE h_seconds histogram

            """,
            Export());
    }

    [Fact]
    public void Counter_in_OpenMetrics_has_its_suffix_on_the_sample_alone()
    {
        _registry.BeginUpdate();
        _registry.Set(Counted, 3, "x");

        Assert.EndsWith(
            """
            # HELP z Counted.
            # TYPE z counter
            z_total{a="x"} 3.0
            # HELP h_seconds Distributed.
            # TYPE h_seconds histogram
            # EOF

            """,
            Export(ExpositionFormat.OpenMetricsText));
    }

    [Fact]
    public void Sample_that_an_update_does_not_set_is_absent_until_one_sets_it_again()
    {
        SetAll(1);
        string[] all = Samples();
        Assert.Equal(["x{a=\"1\",b=\"2\"} 1", "x{a=\"1\",b=\"2\",netns=\"n\"} 1", "y_seconds 1", "y_seconds{netns=\"n\"} 1", "z_total{a=\"1\"} 1"], all);

        _registry.BeginUpdate();
        Assert.Empty(Samples());

        SetAll(2);
        Assert.Equal(all.Select(sample => $"{sample[..^1]}2"), Samples());

        // Other samples of the same families, and none of the former ones.
        _registry.BeginUpdate();
        _registry.Set(Labelled, 3, "1", "3");
        _registry.SetIn(Bare, "m", 3);
        Assert.Equal(["x{a=\"1\",b=\"3\"} 3", "y_seconds{netns=\"m\"} 3"], Samples());

        void SetAll(double value)
        {
            _registry.BeginUpdate();
            _registry.Set(Labelled, value, "1", "2");
            _registry.SetIn(Labelled, "n", value, "1", "2");
            _registry.Set(Bare, value);
            _registry.SetIn(Bare, "n", value);
            _registry.Set(Counted, value, "1");
        }
    }

    [Fact]
    public void Update_that_was_not_exported_leaves_nothing()
    {
        _registry.BeginUpdate();
        _registry.Set(Labelled, 1, "1", "2");
        _registry.BeginUpdate();
        _registry.Set(Bare, 1);

        Assert.Equal(["y_seconds 1"], Samples());
    }

    [Fact]
    public void Counter_never_falls()
    {
        foreach ((double value, string shown) in ((double, string)[])[(0, "0"), (5, "5"), (4, "5"), (6, "6")])
        {
            _registry.BeginUpdate();
            _registry.Set(Counted, value, "x");
            Assert.Equal([$"z_total{{a=\"x\"}} {shown}"], Samples());
        }
    }

    [Fact]
    public void Counter_that_can_fall_starts_again_at_the_lower_value()
    {
        MetricRegistry registry = new(Resettable);
        foreach (double value in (double[])[0, 5, 4, 0, 6, double.PositiveInfinity, 1])
        {
            registry.BeginUpdate();
            registry.Set(Resettable, value, "x");
            registry.SetIn(Resettable, "n", value, "x");
            string shown = double.IsInfinity(value) ? "+Inf" : $"{value}";
            Assert.EndsWith(
                $"r_total{{a=\"x\"}} {shown}\nr_total{{a=\"x\",netns=\"n\"}} {shown}\n",
                Encoding.UTF8.GetString(registry.Export(ExpositionFormat.PrometheusText).Span));
        }
    }

    [Fact]
    public void Infinity_is_written_as_the_format_says_and_only_as_a_value()
    {
        MetricFamily help = new("x", MetricType.Gauge, "To Infinity", "a");
        MetricRegistry registry = new(help, Bare);
        registry.BeginUpdate();
        registry.Set(help, double.PositiveInfinity, "} Infinity\n");
        registry.Set(help, double.NegativeInfinity, " -Infinity");
        registry.Set(Bare, 1);

        Assert.Equal(
            """
            # HELP x To Infinity
            # TYPE x gauge
            x{a="} Infinity\n"} +Inf
            x{a=" -Infinity"} -Inf
            # HELP y_seconds Bare.
            # TYPE y_seconds gauge
            y_seconds 1

            """,
            Encoding.UTF8.GetString(registry.Export(ExpositionFormat.PrometheusText).Span));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(95_000, "95000")]
    [InlineData(-1, "-1")]
    [InlineData(1792578240.123, "1792578240.123")]
    [InlineData(0.000123, "0.000123")]
    [InlineData(1e300, "1e+300")]
    [InlineData(double.NaN, "NaN")]
    public void Numbers_have_a_format_that_Go_parses(double value, string text)
    {
        _registry.BeginUpdate();
        _registry.Set(Bare, value);
        Assert.Equal([$"y_seconds {text}"], Samples());
    }

    [Theory]
    [InlineData("\\")]
    [InlineData("\"")]
    [InlineData("a\nb")]
    [InlineData("\\n")]
    [InlineData("\\\"}")]
    [InlineData("} 1 # {a=\"b\"} 1")]
    [InlineData("ü, a=\"b\",\u2028")]
    public async Task Special_characters_in_a_label_do_not_break_OpenMetrics(string value)
    {
        MetricRegistry registry = new(Labelled);
        registry.BeginUpdate();
        registry.Set(Labelled, 1, value, "b");
        Assert.Equal(
            (0, "x gauge 1\n"),
            await OpenMetricsParser.Parse(Encoding.UTF8.GetString(registry.Export(ExpositionFormat.OpenMetricsText).Span)));
    }

    [Fact]
    public void Missing_label_value_is_rejected()
    {
        _registry.BeginUpdate();
        Assert.Throws<ArgumentException>(() => _registry.Set(Labelled, 1, "only one"));
    }

    [Fact]
    public void Observations_are_counted_in_their_buckets_even_between_updates()
    {
        Observe(TimeSpan.FromMicroseconds(50), TimeSpan.FromSeconds(1));
        _registry.BeginUpdate();
        _registry.KeepIn(Distributed, null);
        _registry.KeepIn(Distributed, "unused");
        Observe(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));

        Assert.Equal(
            [
                "h_seconds_sum 62.00005", "h_seconds_count 4", "h_seconds_bucket{le=\"5e-05\"} 1", "h_seconds_bucket{le=\"0.5\"} 1",
                "h_seconds_bucket{le=\"1\"} 3", "h_seconds_bucket{le=\"2.5\"} 3", "h_seconds_bucket{le=\"+Inf\"} 4",
                "h_seconds_sum{netns=\"unused\"} 0", "h_seconds_count{netns=\"unused\"} 0", "h_seconds_bucket{netns=\"unused\",le=\"5e-05\"} 0",
                "h_seconds_bucket{netns=\"unused\",le=\"0.5\"} 0", "h_seconds_bucket{netns=\"unused\",le=\"1\"} 0",
                "h_seconds_bucket{netns=\"unused\",le=\"2.5\"} 0", "h_seconds_bucket{netns=\"unused\",le=\"+Inf\"} 0",
            ],
            Samples());
    }

    [Fact]
    public void Histogram_that_is_not_kept_is_removed_and_starts_at_0_when_it_returns()
    {
        Observe(TimeSpan.FromSeconds(1));
        _registry.BeginUpdate();
        Assert.Empty(Samples());

        _registry.BeginUpdate();
        _registry.KeepIn(Distributed, null);
        Assert.Contains("h_seconds_count 0", Samples());
    }

    [Fact]
    public void Help_texts_need_no_escaping() => Assert.All<MetricFamily>(
        [.. MetricFamilies.All, .. EndpointFamilies.All, .. PostgresFamilies.All], family => Assert.DoesNotContain(family.Help, character => character is '\\' or '"' or '\n'));

    private void Observe(params IEnumerable<TimeSpan> durations)
    {
        foreach (TimeSpan duration in durations)
        {
            _registry.ObserveIn(Distributed, null, duration);
        }
    }

    private string[] Samples() => [.. Export().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith('#'))];

    private string Export(ExpositionFormat format = ExpositionFormat.PrometheusText) => Encoding.UTF8.GetString(_registry.Export(format).Span);
}
