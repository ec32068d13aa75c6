using System.Text.RegularExpressions;
using Testing;

namespace Agent.Tests.Deploy;

public sealed partial class AlertRulesTests
{
    private const string Rules = "deploy/prometheus/rules.yml";
    private const string Cases = "deploy/prometheus/rules.test.yml";

    public static TheoryData<string> Alerts =>
        [.. AlertBlocks().Matches(Repository.Read(Rules)).Select(alert => alert.Groups["name"].Value)];

    [Theory]
    [InlineData("check", Rules)]
    [InlineData("test", Cases)]
    public async Task Promtool_accepts_the_rules_and_their_tests(string command, string file)
    {
        (int exitCode, string output) = await Tool.Run(
            Requires.Program("promtool", "prometheus"), [command, "rules", Repository.PathOf(file)]);

        Assert.True(exitCode == 0, output);
    }

    [Theory]
    [MemberData(nameof(Alerts))]
    public void Every_alert_has_a_severity_a_summary_and_a_description(string alert)
    {
        string rule = AlertBlocks().Matches(Repository.Read(Rules)).Single(block => block.Groups["name"].Value == alert).Value;

        Assert.Matches(@"\n          severity: (warning|critical)\n", rule);
        Assert.Matches(@"\n          summary: '\S", rule);
        Assert.Matches(@"\n          description: >-\n            \S", rule);
    }

    [Theory]
    [MemberData(nameof(Alerts))]
    public void Every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not(string alert)
    {
        Match[] cases = [.. AlertCases().Matches(Repository.Read(Cases)).Where(@case => @case.Groups["name"].Value == alert)];

        Assert.Contains(cases, @case => @case.Groups["silent"].Success);
        Assert.Contains(cases, @case => !@case.Groups["silent"].Success);
    }

    // A rule is its first line and all lines that are indented deeper.
    [GeneratedRegex(@"^      - alert: (?<name>\w+)\n(        .*\n)+", RegexOptions.Multiline)]
    private static partial Regex AlertBlocks();

    [GeneratedRegex(@"- alertname: (?<name>\w+)\n +eval_time: \w+\n +exp_alerts:(?<silent> \[\])?")]
    private static partial Regex AlertCases();
}
