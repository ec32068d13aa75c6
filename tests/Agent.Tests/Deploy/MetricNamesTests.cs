using System.Text.RegularExpressions;
using Agent.Metrics;
using Agent.Metrics.Endpoint;
using Testing;

namespace Agent.Tests.Deploy;

public sealed partial class MetricNamesTests
{
    // Metrics of node_exporter, whose names do not change within a major version.
    private static readonly string[] NodeExporterMetrics = ["node_textfile_mtime_seconds", "node_textfile_scrape_error"];

    // Programs, views, functions and files of PostgreSQL, in the texts of alerts and panels.
    private static readonly string[] NamesOfPostgres = ["pg_hba", "pg_isready", "pg_monitor", "pg_stat_activity", "pg_terminate_backend"];

    [Theory]
    [InlineData("deploy/prometheus/rules.yml")]
    [InlineData("deploy/prometheus/rules.test.yml")]
    [InlineData(Dashboard.File)]
    public void Every_queried_metric_is_exposed_or_recorded(string file)
    {
        string text = Repository.Read(file);
        string[] asked = [.. Names().Matches(text).Select(name => name.Value).Distinct()];
        string[] recorded =
        [
            .. Recorded().Matches(Repository.Read("deploy/prometheus/rules.yml")).Select(record => record.Groups["name"].Value),
        ];

        Assert.NotEmpty(asked);
        Assert.Empty(asked.Except(
            MetricFamilies.All.Concat(PostgresFamilies.All).Concat(EndpointFamilies.All).SelectMany(SampleNames)
                .Concat(recorded).Concat(NodeExporterMetrics).Concat(NamesOfPostgres)));
    }

    [Fact]
    public void Every_metric_of_the_textfile_is_on_the_dashboard()
    {
        string[] shown = [.. Dashboard.Expressions().SelectMany(expression => Names().Matches(expression)).Select(name => name.Value)];

        Assert.Empty(MetricFamilies.All.Concat(PostgresFamilies.All).Select(family => family.Name).Except(shown));
    }

    [Theory]
    [InlineData("rate(tcp_clientz[5m])", "tcp_clientz")]
    [InlineData("max by (watch) (sockdiag_x{a=\"b\"}) / node_y", "sockdiag_x", "node_y")]
    [InlineData("expr: instance_watch:tcp_x:ratio > 0.8", "instance_watch:tcp_x:ratio")]
    [InlineData("exporter_x and pg_y{db=\"a\"}", "exporter_x", "pg_y")]
    [InlineData("summary: 'node_exporter is up, postgres_exporter is down'")]
    public void Metric_name_is_found_at_each_place_of_an_expression(string text, params string[] names) =>
        Assert.Equal(names, Names().Matches(text).Select(name => name.Value));

    private static string[] SampleNames(MetricFamily family) =>
        family.Type == MetricType.Histogram ? [$"{family.Name}_bucket", $"{family.Name}_sum", $"{family.Name}_count"] : [family.Name];

    // Names that begin like a metric of the agent or of node_exporter, except the word node_exporter, and names with the colons of a recording rule.
    [GeneratedRegex(@"(?<![\w:])((?!node_exporter\b)(tcp|pg|exporter|sockdiag|process|dotnet|node)_\w+|[a-z]\w*(:\w+){2,})")]
    private static partial Regex Names();

    [GeneratedRegex(@"^ +- record: (?<name>\S+)$", RegexOptions.Multiline)]
    private static partial Regex Recorded();
}
