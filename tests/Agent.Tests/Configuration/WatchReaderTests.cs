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
    [InlineData(null, "default")]
    [InlineData("50", "--limit")]
    [InlineData("none", "--limit")]
    public void Limit_has_its_origin(string? limit, string source) =>
        Assert.Equal(source, Read(new CommandLineValues(("--limit", limit))).Limit.Source);

    private static Watch Read(CommandLineValues given) => new SettingsReader(_ => null).Read(given).Watches[0].Watch;
}
