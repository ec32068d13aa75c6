using System.Text;
using System.Text.RegularExpressions;
using Agent.Limits;
using Agent.Metrics;
using Agent.Tests.Cli.Rendering;
using Agent.Watching;
using Testing;

namespace Agent.Tests.Metrics;

public sealed partial class SnapshotExpositionTests
{
    [Fact]
    public void Exposition_matches_the_golden_file() => GoldenFile.Holds("exposition.prom", Render(ExampleSnapshots.Good));

    [Fact]
    public void Exposition_of_several_network_namespaces_matches_the_golden_file() =>
        GoldenFile.Holds("exposition-several.prom", Render(ExampleSnapshots.Several));

    [Fact]
    public void Failed_census_has_no_counts() => GoldenFile.Holds("exposition-failed.prom", Render(ExampleSnapshots.Failed));

    [Theory]
    [InlineData("Yes", "1")]
    [InlineData("No", "0")]
    [InlineData("Unknown", null)]
    public void Unknown_limit_is_absent_and_a_refusal_is_published_if_there_was_an_answer(string refusal, string? sample)
    {
        ClientLimit unknown = ClientLimit.Unknown("x", "y", Enum.Parse<Refusal>(refusal));
        string text = Render(ExampleSnapshots.WithLimit(ExampleSnapshots.Good, unknown));
        Assert.DoesNotContain("\ntcp_client_connections_limit{", text);
        Assert.Equal(
            sample is null ? [] : [$"tcp_limit_refused{{watch=\"consul\"}} {sample}", $"tcp_limit_refused{{watch=\"idle\"}} {sample}"],
            text.Split('\n').Where(line => line.StartsWith("tcp_limit_refused{", StringComparison.Ordinal)));
        Assert.Contains("\ntcp_client_connections_max{watch=\"consul\"} 160\n", text);
    }

    [Fact]
    public void Dead_connections_total_limit_and_open_files_are_absent_where_they_are_unknown()
    {
        Snapshot unknown = ExampleSnapshots.Good with
        {
            Namespaces = [.. ExampleSnapshots.Good.Namespaces.Select(found => found with
            {
                Ports = [.. found.Ports.Select(port => port with { Dead = null })],
                Watches = [.. found.Watches.Select(counts => counts with
                {
                    Watch = counts.Watch with { TotalLimit = null }, Dead = null, OpenFiles = null, IsMinimum = true,
                })],
                DeadProblem = "no right",
            })],
        };
        string text = Render(unknown);
        Assert.Contains("\ntcp_held_connections{watch=\"consul\"} 203\n", text);
        Assert.Contains("\ntcp_held_connections{watch=\"idle\"} 0\n", text);
        Assert.DoesNotContain("\ntcp_dead_connections{", text);
        Assert.DoesNotContain("\ntcp_held_connections_limit{", text);
        Assert.DoesNotContain("\ntcp_server_open_files", text);
    }

    [Fact]
    public void Renderer_can_be_used_for_many_snapshots()
    {
        SnapshotExposition exposition = new(new BuildInformation("1.2.3", "abc"));
        GoldenFile.Holds("exposition.prom", Text(exposition, ExampleSnapshots.Good));
        GoldenFile.Holds("exposition-failed.prom", Text(exposition, ExampleSnapshots.Failed));
        GoldenFile.Holds("exposition.prom", Text(exposition, ExampleSnapshots.Good));
    }

    [Theory]
    [InlineData("exposition.prom")]
    [InlineData("exposition-failed.prom")]
    [InlineData("exposition-several.prom")]
    public async Task Promtool_accepts_the_golden_files(string golden)
    {
        string promtool = Requires.Program("promtool", "prometheus");
        Assert.Equal((0, ""), await Tool.Run(promtool, ["check", "metrics"], Golden(golden)));
    }

    [Fact]
    public void Every_family_has_samples_in_the_golden_file_in_the_order_of_the_list() =>
        Assert.Equal(
            MetricFamilies.All.Select(family => family.Name),
            SampleNames().Matches(Golden("exposition.prom")).Select(match => match.Value).Distinct());

    [Theory]
    [InlineData("1.2.3+abc", "1.2.3", "abc")]
    [InlineData("1.2.3", "1.2.3", "")]
    [InlineData("", "", "")]
    public void Version_and_revision_are_separated(string informational, string version, string revision) =>
        Assert.Equal(new BuildInformation(version, revision), BuildInformation.Parse(informational));

    [GeneratedRegex("^[a-z_]+", RegexOptions.Multiline)]
    private static partial Regex SampleNames();

    private static string Golden(string name) => File.ReadAllText(GoldenFile.PathOf(name));

    private static string Render(Snapshot snapshot) => Text(new SnapshotExposition(new BuildInformation("1.2.3", "abc")), snapshot);

    private static string Text(SnapshotExposition exposition, Snapshot snapshot) =>
        SortedSamples.Of(Encoding.UTF8.GetString(exposition.Render(snapshot).Span));
}
