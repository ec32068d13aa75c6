using Agent.Limits;
using Agent.Watching;

namespace Agent.Tests.Watching;

public sealed class ThresholdTests
{
    [Theory]
    [InlineData("1", null, 1)]
    [InlineData("160", null, 160)]
    [InlineData("160", 200, 160)]
    [InlineData("300", 200, 300)]
    [InlineData("80%", 200, 160)]
    [InlineData("1%", 1, 1)]
    [InlineData("80%", 7, 6)]
    [InlineData("100%", 200, 200)]
    [InlineData("100%", int.MaxValue, int.MaxValue)]
    public void Threshold_is_the_lowest_number_of_connections_that_reaches_it(string text, int? limit, int connections)
    {
        Threshold threshold = Threshold.Parse(text);
        Assert.Equal(connections, threshold.InConnections(limit));
        Assert.Equal(text, threshold.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("%")]
    [InlineData("0")]
    [InlineData("0%")]
    [InlineData("101%")]
    [InlineData("-1")]
    [InlineData("80.5%")]
    [InlineData("80 %")]
    [InlineData("80%%")]
    [InlineData("many")]
    [InlineData("99999999999")]
    public void Malformed_threshold_is_rejected_with_advice(string text) =>
        Assert.Equal(
            $"'{text}' is not a threshold; give a number of connections from 1 on, or a share of the limit from 1% to 100%",
            Assert.Throws<FormatException>(() => Threshold.Parse(text)).Message);

    [Fact]
    public void Percentage_without_a_limit_is_unknown() =>
        Assert.Null(Threshold.Parse("80%").InConnections(limit: null));

    [Theory]
    [InlineData("160", "190", 159, "Fine")]
    [InlineData("160", "190", 160, "Warning")]
    [InlineData("160", "190", 189, "Warning")]
    [InlineData("160", "190", 190, "Critical")]
    [InlineData("160", "190", 5000, "Critical")]
    [InlineData("80%", "95%", 160, "Warning")]
    [InlineData("80%", "80%", 160, "Critical")]
    [InlineData("160", null, 5000, "Warning")]
    [InlineData(null, "190", 189, "Fine")]
    [InlineData(null, "190", 190, "Critical")]
    [InlineData(null, null, 5000, "Fine")]
    public void State_is_that_of_the_highest_threshold_that_is_reached(string? warning, string? critical, int held, string state)
    {
        Watch watch = new("consul", [8500])
        {
            Limit = new ClientLimit(200, "default"),
            Warning = warning is null ? null : Threshold.Parse(warning),
            Critical = critical is null ? null : Threshold.Parse(critical),
        };
        Assert.Equal(state, watch.StateAt(held, watch.Limit).ToString());
        Assert.Equal(warning is not null || critical is not null, watch.HasThresholds);
    }
}
