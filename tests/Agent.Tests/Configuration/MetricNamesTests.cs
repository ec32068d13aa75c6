using Agent.Configuration;
using Agent.Metrics;
using Agent.Metrics.Endpoint;
using Agent.Postgres;

namespace Agent.Tests.Configuration;

public sealed class MetricNamesTests
{
    public static TheoryData<string, string> OwnMetrics =>
        new(MetricFamilies.All.Concat(EndpointFamilies.All).Select(family => (family.Name, $"{family.Type}")).Distinct());

    /// <summary>A query cannot have the name of a metric of the agent. The room Configuration does not know them, so this compares its list.</summary>
    [Theory]
    [MemberData(nameof(OwnMetrics))]
    public void Metric_of_the_agent_is_taken(string name, string type) =>
        Assert.NotNull(new MetricNames().TryTake(name, TypeOf(type), "x:1"));

    [Theory]
    [InlineData("tcp_x")]
    [InlineData("sockdiag_x")]
    [InlineData("process_x")]
    [InlineData("dotnet_x")]
    [InlineData("node_x")]
    [InlineData("go_x")]
    [InlineData("promhttp_x")]
    [InlineData("scrape_x")]
    [InlineData("exporter_x")]
    public void Prefix_of_the_agent_and_its_neighbours_is_taken(string name) => Assert.Equal(
        $"names that begin with {name[..^1]} are those of the agent or of a program beside it; give the query another name",
        new MetricNames().TryTake(name, QueryType.Gauge, "x:1"));

    [Theory]
    [InlineData("up", "Gauge", "the agent's own metric up: both would have the name up")]
    [InlineData("pg_up", "Gauge", "the agent's own metric pg_up: both would have the name pg_up")]
    [InlineData("pg_scrape_errors_total", "Counter", "the agent's own metric pg_scrape_errors_total: both would have the name pg_scrape_errors_total")]
    [InlineData("pg_scrape_errors", "Gauge", "the agent's own metric pg_scrape_errors_total: both would have the name pg_scrape_errors")]
    [InlineData("pg_connections_total", "Counter", "the agent's own metric pg_connections: both would have the name pg_connections")]
    public void Clash_with_a_metric_of_the_agent_is_found(string name, string type, string reason) =>
        Assert.Equal($"'{name}' clashes with {reason}; give the query another name", new MetricNames().TryTake(name, TypeOf(type), "x:1"));

    [Theory]
    [InlineData("a", "Histogram", "a_bucket", "Gauge", "a_bucket")]
    [InlineData("a", "Histogram", "a_sum", "Gauge", "a_sum")]
    [InlineData("a", "Summary", "a_count", "Gauge", "a_count")]
    [InlineData("a_count", "Gauge", "a", "Summary", "a_count")]
    [InlineData("a_total", "Counter", "a", "Gauge", "a")]
    [InlineData("a", "Gauge", "a_total", "Counter", "a")]
    [InlineData("a_total", "Counter", "a_created", "Gauge", "a_created")]
    public void Clash_of_two_queries_is_found(string first, string firstType, string second, string secondType, string both)
    {
        MetricNames names = new();
        Assert.Null(names.TryTake(first, TypeOf(firstType), "x:1"));
        Assert.Equal(
            $"'{second}' clashes with the query '{first}' in x:1: both would have the name {both}; give the query another name",
            names.TryTake(second, TypeOf(secondType), "x:2"));
    }

    [Theory]
    [InlineData("pg_stat_x", "Gauge")]
    [InlineData("a", "Gauge")]
    // Only a histogram or a summary has these.
    [InlineData("b_count", "Gauge")]
    public void Other_name_is_free(string name, string type)
    {
        MetricNames names = new();
        Assert.Null(names.TryTake("b", QueryType.Gauge, "x:1"));
        Assert.Null(names.TryTake(name, TypeOf(type), "x:2"));
    }

    private static QueryType TypeOf(string name) => Enum.Parse<QueryType>(name);
}
