using Agent.Configuration;
using Agent.Watching;

namespace Agent.Tests.Configuration;

public sealed class WatchReaderTests
{
    private const string Advice = "give a number of connections from 1 on, or a share of the limit from 1% to 100%";
    private const string NoLimit = "consul has no limit; give it a limit, or give a number of connections";

    [Theory]
    [InlineData("160", "190")]
    [InlineData("80%", "95%")]
    [InlineData("80%", "161")]
    [InlineData("80%", "80%")]
    [InlineData("160", "80%")]
    [InlineData("160", null)]
    [InlineData(null, "300")]
    [InlineData(null, null)]
    public void Thresholds_are_read_from_options(string? warning, string? critical)
    {
        Watch watch = Read(new CommandLineValues(("--warn", warning), ("--critical", critical)));
        Assert.Equal((warning, critical), (watch.Warning?.ToString(), watch.Critical?.ToString()));
    }

    [Theory]
    [InlineData("0", null, null, "--warn: '0' is not a threshold; " + Advice)]
    [InlineData(null, "", null, "--critical: '' is not a threshold; " + Advice)]
    [InlineData("160", "159", null, "--critical: 159 is below the warning threshold 160; give at least as many connections")]
    [InlineData("161", "80%", null, "--critical: 80% is below the warning threshold 161; give at least as many connections")]
    [InlineData("80%", null, "none", "--warn: 80% is a percentage of the limit, and the watch " + NoLimit)]
    [InlineData("80", "95%", "none", "--critical: 95% is a percentage of the limit, and the watch " + NoLimit)]
    public void Invalid_thresholds_are_rejected(string? warning, string? critical, string? limit, string message) =>
        Assert.Equal(
            message,
            Assert.Throws<ConfigurationException>(
                () => Read(new CommandLineValues(("--warn", warning), ("--critical", critical), ("--limit", limit)))).Message);

    [Theory]
    // A percentage needs one of the two limits.
    [InlineData("80%", "95%", "none", "1000")]
    [InlineData("80%", "95%", "200", "1000")]
    // Without a limit per client, numbers and percentages are of the total.
    [InlineData("800", "95%", "none", "1000")]
    [InlineData("80%", "801", "none", "1000")]
    // With one, a number is of one client, and only percentages are of the total.
    [InlineData("160", "95%", "200", "100")]
    public void Thresholds_of_a_total_limit_are_read(string warning, string critical, string limit, string totalLimit)
    {
        Watch watch = Read(new CommandLineValues(("--warn", warning), ("--critical", critical), ("--limit", limit), ("--total-limit", totalLimit)));
        Assert.Equal((warning, critical), (watch.Warning?.ToString(), watch.Critical?.ToString()));
    }

    [Theory]
    [InlineData("801", "80%", "none", "80%")]
    [InlineData("80%", "799", "none", "799")]
    [InlineData("801", "800", "none", "800")]
    [InlineData("161", "80%", "200", "80%")]
    public void Critical_threshold_below_the_warning_is_rejected_for_the_limit_that_both_judge(
        string warning, string critical, string limit, string named) =>
        Assert.Equal(
            $"--critical: {named} is below the warning threshold {warning}; give at least as many connections",
            Assert.Throws<ConfigurationException>(() => Read(new CommandLineValues(
                ("--warn", warning), ("--critical", critical), ("--limit", limit), ("--total-limit", "1000")))).Message);

    [Theory]
    [InlineData(null, "default")]
    [InlineData("50", "--limit")]
    [InlineData("none", "--limit")]
    public void Limit_has_its_origin(string? limit, string source) =>
        Assert.Equal(source, Read(new CommandLineValues(("--limit", limit))).Limit.Source);

    private static Watch Read(CommandLineValues given) => new SettingsReader(_ => null).Read(given).Watches[0].Watch;
}
