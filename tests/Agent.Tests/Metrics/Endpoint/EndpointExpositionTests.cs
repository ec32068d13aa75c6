using System.Text;
using System.Text.RegularExpressions;
using Agent.Metrics;
using Agent.Metrics.Endpoint;
using Agent.Tests.Faults;
using Agent.Tests.Rendering;
using Agent.Watching;
using Testing;

namespace Agent.Tests.Metrics.Endpoint;

/// <remarks>Alone: the descriptors of the process are among the metrics, and to count those that other tests open would be allocations.</remarks>
[Collection(Alone.Name)]
public sealed partial class EndpointExpositionTests
{
    private static readonly BuildInformation Build = new("1.2.3", "abc");

    public EndpointExpositionTests()
    {
        // There are metrics of the last one.
        GC.Collect();
    }

    [Fact]
    public void It_is_rendered_as_the_golden_files_say()
    {
        GoldenFile.Holds("endpoint.prom", WithoutNumbersOfThisProcess(RenderSeveral(ExpositionFormat.Text)));
        GoldenFile.Holds("endpoint.openmetrics", WithoutNumbersOfThisProcess(RenderSeveral(ExpositionFormat.OpenMetrics)));
    }

    [Fact]
    public void What_is_in_the_textfile_comes_first_and_is_the_same() =>
        Assert.StartsWith(
            Encoding.UTF8.GetString(new SnapshotExposition(Build).Render(ExampleSnapshots.Several).Span),
            RenderSeveral(ExpositionFormat.Text));

    [Fact]
    public async Task Promtool_has_nothing_to_say()
    {
        string promtool = Requires.Program("promtool", "prometheus");
        Assert.Equal((0, ""), await Tool.Run(promtool, ["check", "metrics"], RenderSeveral(ExpositionFormat.Text)));
    }

    [Fact]
    public async Task Another_reader_of_OpenMetrics_finds_every_family_with_its_type()
    {
        (int exitCode, string output) = await OpenMetricsParser.Parse(RenderSeveral(ExpositionFormat.OpenMetrics));
        Assert.True(exitCode == 0, output);
        Assert.Equal(
            [.. MetricFamilies.All, .. EndpointFamilies.All],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).Select(found =>
                Assert.Single([.. MetricFamilies.All, .. EndpointFamilies.All], family =>
                    family.Name == found[0] + (found[1] == "counter" ? "_total" : "")
                    && family.Type.ToString().Equals(found[1], StringComparison.OrdinalIgnoreCase))));
    }

    [Fact]
    public async Task Before_the_first_census_it_is_whole_already()
    {
        Snapshot nothing = new([]);
        string openMetrics = Render(ExpositionFormat.OpenMetrics, nothing, ExampleFigures.AtStart);

        Assert.StartsWith("# HELP sockdiag_build_info ", openMetrics);
        Assert.Contains("\nsockdiag_tasks_running 0\n", openMetrics);
        Assert.DoesNotContain("sockdiag_watch_success", openMetrics);
        Assert.DoesNotContain("sockdiag_config_", openMetrics);
        Assert.DoesNotContain("sockdiag_census_", openMetrics);
        Assert.Equal(0, (await OpenMetricsParser.Parse(openMetrics)).ExitCode);
    }

    [Fact]
    public void A_counter_ends_in_total_and_nothing_else_does() =>
        Assert.All<MetricFamily>(
            [.. MetricFamilies.All, .. EndpointFamilies.All],
            family => Assert.Equal(family.Type == MetricType.Counter, family.Name.EndsWith("_total", StringComparison.Ordinal)));

    [Fact]
    public void No_sample_is_worth_an_allocation()
    {
        const int samplesPerPort = 5;
        const int fewPorts = 10;
        const int manyPorts = 1_000;

        long few = AllocatedFor(fewPorts);
        long many = AllocatedFor(manyPorts);
        Assert.True(many - few < (manyPorts - fewPorts) * samplesPerPort, $"{few} bytes for {fewPorts} ports, {many} for {manyPorts}");
    }

    /// <summary>What is allocated to render so many ports, beside the bytes that are the answer; at best, for other tests go on.</summary>
    private static long AllocatedFor(int ports)
    {
        Snapshot snapshot = new([new NamespaceCounts
        {
            Duration = TimeSpan.Zero,
            LastSuccess = DateTimeOffset.UnixEpoch,
            Ports = [.. Enumerable.Range(1, ports).Select(port => new PortCounts((ushort)port, 1, 1, 1, new AcceptQueue(1, 1)))],
        }]);
        EndpointExposition exposition = new(Build, ExpositionFormat.OpenMetrics);
        exposition.Render(snapshot, ExampleFigures.AtStart);
        return Enumerable.Range(0, 5).Min(_ =>
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            int length = exposition.Render(snapshot, ExampleFigures.AtStart).Length;
            return GC.GetAllocatedBytesForCurrentThread() - before - length;
        });
    }

    private static string RenderSeveral(ExpositionFormat format) => Render(format, ExampleSnapshots.Several, ExampleFigures.Several);

    private static string Render(ExpositionFormat format, Snapshot snapshot, AgentFigures figures) =>
        Encoding.UTF8.GetString(new EndpointExposition(Build, format).Render(snapshot, figures));

    private static string WithoutNumbersOfThisProcess(string text) => OfThisProcess().Replace(text, "$1 ...");

    [GeneratedRegex("^((process|dotnet)_[^ ]+) .*$", RegexOptions.Multiline)]
    private static partial Regex OfThisProcess();
}
