using System.Text.RegularExpressions;
using Agent.Configuration;
using Agent.Metrics;
using Agent.Metrics.Endpoint;
using Agent.Postgres;
using Testing;

namespace Agent.Tests.Metrics;

/// <summary>The tables of metrics in the documents: docs/metrics.md has all of them, README.md the main ones.</summary>
public sealed partial class MetricTablesTests
{
    private static readonly string[] Parts = Repository.Read("docs/metrics.md").Split(["\n## PostgreSQL\n", "\n## Only at `/metrics`\n"], default);

    [Fact]
    public void Table_of_the_textfile_matches_the_metrics_in_the_code() => Assert.Equal(MetricFamilies.All.Select(ToRow), Rows(Parts[0]));

    [Fact]
    public void Table_of_PostgreSQL_matches_the_metrics_in_the_code() => Assert.Equal(PostgresFamilies.All.Select(ToRow), Rows(Parts[1]));

    [Fact]
    public void Table_of_the_endpoint_matches_the_metrics_in_the_code()
    {
        Assert.Equal(3, Parts.Length);
        Assert.Equal(EndpointFamilies.All.Select(ToRow), Rows(Parts[2]));
    }

    [Fact]
    public void Main_metrics_of_the_README_exist_in_the_code()
    {
        (string Name, string Labels)[] main = [.. MainRows().Matches(Repository.Read("README.md")).Select(row => (row.Groups["name"].Value, row.Groups["labels"].Value))];

        Assert.NotEmpty(main);
        Assert.Subset(MetricFamilies.All.Select(ToRow).Select(row => (row.Name, row.Labels)).ToHashSet(), main.ToHashSet());
    }

    [Fact]
    public void No_metric_is_in_two_tables()
    {
        string[] names = [.. MetricFamilies.All.Concat(PostgresFamilies.All).Concat(EndpointFamilies.All).Select(family => family.Name)];
        Assert.Equal(names.Distinct(), names);
    }

    [Fact]
    public void Custom_query_cannot_have_the_name_of_a_metric_of_the_agent()
    {
        MetricNames names = new();
        Assert.All(MetricFamilies.All.Concat(PostgresFamilies.All).Concat(EndpointFamilies.All), family => Assert.NotNull(
            names.TryTake(family.Name, family.Type == MetricType.Counter ? QueryType.Counter : QueryType.Gauge, "x")));
    }

    private static (string Name, string Type, string Labels) ToRow(MetricFamily family) => (
        family.Name,
        family.Type.ToString().ToLowerInvariant(),
        family.LabelNames.Length == 0 ? "–" : string.Join(", ", family.LabelNames.Select(label => $"`{label}`")));

    private static IEnumerable<(string Name, string Type, string Labels)> Rows(string text) => TableRows().Matches(text)
        .Select(row => (row.Groups["name"].Value, row.Groups["type"].Value, row.Groups["labels"].Value));

    [GeneratedRegex(@"^\| `(?<name>(tcp|sockdiag|process|dotnet|pg|exporter)_[a-z_]+)` \| (?<type>[a-z]+) \| (?<labels>[^|]+?) \|", RegexOptions.Multiline)]
    private static partial Regex TableRows();

    [GeneratedRegex(@"^\| `(?<name>(tcp|sockdiag)_[a-z_]+)` \| (?<labels>[^|]+?) \|", RegexOptions.Multiline)]
    private static partial Regex MainRows();
}
