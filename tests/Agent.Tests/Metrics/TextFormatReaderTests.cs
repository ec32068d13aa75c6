using System.Text;
using Agent.Metrics;
using Prometheus;

namespace Agent.Tests.Metrics;

public sealed class TextFormatReaderTests
{
    [Theory]
    [InlineData("sockdiag_census_success 1\n", 1.0)]
    [InlineData("# HELP sockdiag_census_success x 0\n# TYPE sockdiag_census_success gauge\nsockdiag_census_success 0\n", 0.0)]
    [InlineData("sockdiag_census_success{netns=\"other\"} 0\nsockdiag_census_success 1\n", 1.0)]
    [InlineData("sockdiag_census_success NaN", double.NaN)]
    [InlineData("sockdiag_census_success{netns=\"other\"} 1\n", null)]
    [InlineData("sockdiag_census_successes 1\n", null)]
    [InlineData(" sockdiag_census_success 1\n", null)]
    [InlineData("sockdiag_census_success one\n", null)]
    [InlineData("sockdiag_census_success", null)]
    [InlineData("tcp_clients{watch=\"\u2028sockdiag_census_success 1\u2028\"} 2\n", null)]
    [InlineData("", null)]
    public void Value_is_that_of_the_sample_without_labels(string text, double? value) =>
        Assert.Equal(value, TextFormatReader.ValueOf(MetricFamilies.CensusSuccess, text));

    [Fact]
    public void Exported_value_can_be_read_back()
    {
        MetricRegistry registry = new(MetricFamilies.All);
        registry.BeginUpdate();
        registry.Set(MetricFamilies.CensusLastDuration, 1.25e-7);
        string text = Encoding.UTF8.GetString(registry.Export(ExpositionFormat.PrometheusText).Span);

        Assert.Equal(1.25e-7, TextFormatReader.ValueOf(MetricFamilies.CensusLastDuration, text));
    }
}
