using Agent.Configuration;
using Agent.Watching;

namespace Agent.Tests.Configuration;

public sealed class WatchReaderTests
{
    private const string Advice = "give a number of connections from 1 on, or a share of the limit from 1% to 100%";
    private const string NoLimit = "consul has none; give it a limit, or a number of connections";

    [Theory]
    [InlineData("160", "190")]
    [InlineData("80%", "95%")]
    [InlineData("80%", "161")]
    [InlineData("80%", "80%")]
    [InlineData("160", "80%")]
    [InlineData("160", null)]
    [InlineData(null, "300")]
    [InlineData(null, null)]
    public void They_belong_to_the_watch(string? warning, string? critical)
    {
        Watch watch = Read(new CommandLineValues(("--warn", warning), ("--critical", critical)));
        Assert.Equal((warning, critical), (watch.Warning?.ToString(), watch.Critical?.ToString()));
    }

    [Theory]
    [InlineData("0", null, null, "--warn: '0' is not a threshold; " + Advice)]
    [InlineData(null, "", null, "--critical: '' is not a threshold; " + Advice)]
    [InlineData("160", "159", null, "--critical: 159 comes before the warning 160; give at least as many connections")]
    [InlineData("161", "80%", null, "--critical: 80% comes before the warning 161; give at least as many connections")]
    [InlineData("80%", null, "none", "--warn: 80% is a share of the limit, and the watch " + NoLimit)]
    [InlineData("80", "95%", "none", "--critical: 95% is a share of the limit, and the watch " + NoLimit)]
    public void Wrong_ones_are_refused(string? warning, string? critical, string? limit, string message) =>
        Assert.Equal(
            message,
            Assert.Throws<ConfigurationException>(
                () => Read(new CommandLineValues(("--warn", warning), ("--critical", critical), ("--limit", limit)))).Message);

    [Theory]
    [InlineData(null, "default")]
    [InlineData("50", "--limit")]
    [InlineData("none", "--limit")]
    public void The_watch_knows_where_its_limit_came_from(string? limit, string source) =>
        Assert.Equal(source, Read(new CommandLineValues(("--limit", limit))).Limit.Source);

    private static Watch Read(CommandLineValues given) => new SettingsReader(_ => null).Read(given).Watches[0].Watch;
}
