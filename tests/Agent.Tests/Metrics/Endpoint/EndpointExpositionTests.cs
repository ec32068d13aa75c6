using System.Collections.Immutable;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Agent.Limits;
using Agent.Metrics;
using Agent.Metrics.Endpoint;
using Agent.Readings;
using Agent.Tests.Cli.Rendering;
using Agent.Tests.Faults;
using Agent.Tests.Readings;
using Agent.Watching;
using Prometheus;
using Testing;

namespace Agent.Tests.Metrics.Endpoint;

/// <remarks>Alone, because the metrics include the open descriptors of the process, and counting those of other tests would allocate.</remarks>
[Collection(Alone.Name)]
public sealed partial class EndpointExpositionTests
{
    private static readonly BuildInformation Build = new("1.2.3", "abc");
    private static readonly MetricFamily[] Families = [.. MetricFamilies.All, .. EndpointFamilies.All];

    private readonly ManualTime _time = new();
    private Store _store;
    private AgentStatistics _statistics = ExampleStatistics.Several;
    private int _rendered;

    public EndpointExpositionTests()
    {
        _store = FakeSource.StoreOf(ExampleSnapshots.Several, _time);
        // The runtime publishes metrics of the last garbage collection.
        GC.Collect();
    }

    [Fact]
    public void Exposition_matches_the_golden_files()
    {
        ImmutableArray<NamespaceCounts> counts = ExampleSnapshots.Several.Namespaces;
        FakeSource[] sources = [.. counts.Select(found => new FakeSource(_store, new CensusSubject(found.Netns, null)))];
        _store.Replace(sources);
        // The endpoint starts after the only census of the last namespace, so the histogram does not contain that census.
        sources[2].Put(counts[2]);
        EndpointExposition exposition = Create();
        foreach (TimeSpan duration in ExampleStatistics.EarlierDurations)
        {
            sources[0].Put(counts[0] with { Duration = duration });
        }

        sources[0].Put(counts[0]);
        sources[1].Put(counts[1]);

        GoldenFile.Holds("endpoint.prom", WithoutProcessValues(Text(exposition, ExpositionFormat.PrometheusText)));
        GoldenFile.Holds("endpoint.openmetrics", WithoutProcessValues(Text(exposition, ExpositionFormat.OpenMetricsText)));
    }

    [Fact]
    public void Metrics_of_the_textfile_come_first_and_are_the_same() =>
        Assert.StartsWith(
            Encoding.UTF8.GetString(new SnapshotExposition(Build).Render(ExampleSnapshots.Several).Span),
            Text(Create(), ExpositionFormat.PrometheusText));

    [Fact]
    public async Task Promtool_accepts_the_exposition()
    {
        string promtool = Requires.Program("promtool", "prometheus");
        Assert.Equal((0, ""), await Tool.Run(promtool, ["check", "metrics"], Text(Create(), ExpositionFormat.PrometheusText)));
    }

    [Fact]
    public async Task Python_parser_of_OpenMetrics_finds_every_family_with_its_type()
    {
        (int exitCode, string output) = await OpenMetricsParser.Parse(Text(Create(), ExpositionFormat.OpenMetricsText));
        Assert.True(exitCode == 0, output);
        Assert.Equal(
            Families,
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).Select(found =>
                Assert.Single(Families, family =>
                    found[2] != "0"
                    && family.Name == found[0] + (found[1] == "counter" ? "_total" : "")
                    && family.Type.ToString().Equals(found[1], StringComparison.OrdinalIgnoreCase))));
    }

    [Fact]
    public async Task Exposition_before_the_first_census_has_no_counts()
    {
        Show(new Snapshot([]));
        _statistics = ExampleStatistics.AtStart;
        string openMetrics = Text(Create(), ExpositionFormat.OpenMetricsText);

        Assert.Contains("\nsockdiag_build_info{version=\"1.2.3\",revision=\"abc\"} 1.0\n", openMetrics);
        Assert.Contains("\nsockdiag_tasks_running 0.0\n", openMetrics);
        Assert.Contains("\nsockdiag_census_duration_seconds_count 0\n", openMetrics);
        Assert.DoesNotMatch("\n(tcp_|sockdiag_watch_success|sockdiag_config_|sockdiag_census_(success|last))", openMetrics);
        Assert.Equal(0, (await OpenMetricsParser.Parse(openMetrics)).ExitCode);
    }

    [Fact]
    public void Only_counters_end_in_total() => Assert.All(
        Families, family => Assert.Equal(family.Type == MetricType.Counter, family.Name.EndsWith("_total", StringComparison.Ordinal)));

    [Fact]
    public void Scrapes_at_the_same_moment_share_an_answer_and_later_ones_get_a_new_one()
    {
        EndpointExposition exposition = Create();
        RenderedMetrics first = exposition.Render(ExpositionFormat.PrometheusText);
        string text = Encoding.UTF8.GetString(first.Text.Span);

        Show(ExampleSnapshots.Failed);
        _time.Leap(EndpointExposition.OldestAnswer - TimeSpan.FromTicks(1));
        Assert.Same(first, exposition.Render(ExpositionFormat.PrometheusText));

        _time.Leap(TimeSpan.FromTicks(1));
        RenderedMetrics second = exposition.Render(ExpositionFormat.PrometheusText);
        Assert.Contains("sockdiag_census_success 1\n", text);
        Assert.Contains("sockdiag_census_success 0\n", Encoding.UTF8.GetString(second.Text.Span));
        Assert.Equal(text, Encoding.UTF8.GetString(first.Text.Span));
    }

    [Fact]
    public async Task Thousand_concurrent_scrapes_are_rendered_once_for_each_format()
    {
        EndpointExposition exposition = Create();
        RenderedMetrics[] answers = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(i => Task.Run(
            () => exposition.Render(i % 2 == 0 ? ExpositionFormat.PrometheusText : ExpositionFormat.OpenMetricsText))));

        Assert.Equal(2, _rendered);
        Assert.Equal(2, answers.Distinct().Count());
        Assert.All(answers, (answer, i) => Assert.Equal(i % 2 == 1, answer.Text.Span.EndsWith("# EOF\n"u8)));
    }

    [Theory]
    [InlineData(ExpositionFormat.PrometheusText)]
    [InlineData(ExpositionFormat.OpenMetricsText)]
    public async Task Thousand_concurrent_scrapes_are_compressed_once(ExpositionFormat format)
    {
        EndpointExposition exposition = Create();
        ReadOnlyMemory<byte>[] answers = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(_ => Task.Run(() => exposition.Render(format).Gzip)));

        // ReadOnlyMemory is equal only for the same memory, and each compression would allocate its own.
        Assert.Single(answers.Distinct());
        Assert.Equal(Text(exposition, format), Uncompressed(answers[0]));

        string before = Text(exposition, format);
        Show(ExampleSnapshots.Failed);
        _time.Leap(EndpointExposition.OldestAnswer);
        Assert.NotEqual(before, Uncompressed(exposition.Render(format).Gzip));
        Assert.Equal(Text(exposition, format), Uncompressed(exposition.Render(format).Gzip));
        Assert.Equal(before, Uncompressed(answers[0]));
    }

    [Fact]
    public async Task Exposition_never_mixes_two_censuses()
    {
        const int Scrapers = 8;
        const int Expositions = 2_000;
        _statistics = ExampleStatistics.AtStart;
        _store = new Store(_time);
        FakeSource source = new(_store, new CensusSubject(null, null));
        _store.Replace([source]);
        EndpointExposition exposition = Create();
        source.Put(Numbered(1));
        int seen = 0;
        Task scraping = Task.WhenAll(Enumerable.Range(0, Scrapers).Select(i => Task.Run(() =>
        {
            int last = 1;
            while (Interlocked.Increment(ref seen) <= Expositions)
            {
                _time.Leap(EndpointExposition.OldestAnswer);
                int number = NumberOf(Text(exposition, i % 2 == 0 ? ExpositionFormat.PrometheusText : ExpositionFormat.OpenMetricsText));
                Assert.InRange(number, last, int.MaxValue);
                last = number;
            }
        })));

        int censuses = 1;
        while (!scraping.IsCompleted)
        {
            source.Put(Numbered(++censuses));
        }

        await scraping;
        _time.Leap(EndpointExposition.OldestAnswer);
        Assert.Equal(censuses, NumberOf(Text(exposition, ExpositionFormat.PrometheusText)));
    }

    [Fact]
    public void Durations_of_censuses_between_two_scrapes_are_counted()
    {
        const int Censuses = 3_500;
        _statistics = ExampleStatistics.AtStart;
        _store = new Store(_time);
        FakeSource source = new(_store, new CensusSubject(null, null));
        _store.Replace([source]);
        EndpointExposition exposition = Create();
        for (int number = 1; number <= Censuses; number++)
        {
            source.Put(Numbered(number));
        }

        Assert.Equal(Censuses, NumberOf(Text(exposition, ExpositionFormat.PrometheusText)));
    }

    [Fact]
    public void Failed_rendering_is_tried_again()
    {
        bool fails = true;
        EndpointExposition exposition = new(
            Build, _store, () => fails ? throw new InvalidOperationException() : ExampleStatistics.AtStart, _time);

        Assert.Throws<InvalidOperationException>(() => exposition.Render(ExpositionFormat.OpenMetricsText));
        fails = false;
        Assert.True(exposition.Render(ExpositionFormat.OpenMetricsText).Text.Span.EndsWith("# EOF\n"u8));
    }

    [Fact]
    public void Scrape_that_shares_an_answer_allocates_nothing()
    {
        EndpointExposition exposition = Create();
        exposition.Render(ExpositionFormat.PrometheusText);

        Allocations.AreNone(() =>
        {
            for (int i = 0; i < 1_000; i++)
            {
                exposition.Render(ExpositionFormat.PrometheusText);
            }
        });
    }

    [Fact]
    public void Rendering_allocates_nothing_per_sample()
    {
        const int samplesPerPort = 5;
        const int fewPorts = 10;
        const int manyPorts = 1_000;

        long few = AllocatedFor(fewPorts);
        long many = AllocatedFor(manyPorts);
        Assert.True(many - few < (manyPorts - fewPorts) * samplesPerPort, $"{few} bytes for {fewPorts} ports, {many} for {manyPorts}");
    }

    /// <summary>The bytes that are allocated to render this many ports, without those of the answer; the lowest of several runs.</summary>
    private long AllocatedFor(int ports)
    {
        _statistics = ExampleStatistics.AtStart;
        _store = FakeSource.StoreOf(new Snapshot([new NamespaceCounts
        {
            Duration = TimeSpan.Zero,
            LastSuccess = DateTimeOffset.UnixEpoch,
            Ports = [.. Enumerable.Range(1, ports).Select(port => new PortCounts((ushort)port, 1, 1, 1, new AcceptQueue(1, 1)))],
        }]), _time);
        EndpointExposition exposition = Create();
        exposition.Render(ExpositionFormat.OpenMetricsText);
        return Enumerable.Range(0, 5).Min(_ =>
        {
            _time.Leap(EndpointExposition.OldestAnswer);
            long before = GC.GetAllocatedBytesForCurrentThread();
            int length = exposition.Render(ExpositionFormat.OpenMetricsText).Text.Length;
            return GC.GetAllocatedBytesForCurrentThread() - before - length;
        });
    }

    private EndpointExposition Create() => new(
        Build,
        _store,
        () =>
        {
            Interlocked.Increment(ref _rendered);
            return _statistics;
        },
        _time);

    /// <summary>Replaces all censuses with those of a snapshot.</summary>
    private void Show(Snapshot snapshot)
    {
        FakeSource[] sources = [.. snapshot.Namespaces.Select(counts => new FakeSource(_store, new CensusSubject(counts.Netns, null)))];
        _store.Replace(sources);
        for (int i = 0; i < sources.Length; i++)
        {
            sources[i].Put(snapshot.Namespaces[i]);
        }
    }

    /// <summary>A census whose counts and whose client's address all contain the number.</summary>
    private static NamespaceCounts Numbered(int number) => new()
    {
        Duration = TimeSpan.FromSeconds(number),
        LastSuccess = DateTimeOffset.FromUnixTimeSeconds(number),
        DeadAge = TimeSpan.FromSeconds(number),
        Ports = [new PortCounts(8500, number, number, number, new AcceptQueue(number, number)) { Dead = number }],
        Watches =
        [
            new WatchCounts(new Watch("consul", [8500]) { TotalLimit = new TotalLimit(number, "x") }, number, number, number, number, [ExampleSnapshots.Client($"192.0.2.{number % 250}", number)])
            {
                Limit = new ClientLimit(number, "x"),
                OpenFiles = new OpenFiles(number, number, number),
            },
        ],
    };

    /// <summary>The number of the census, which all samples must share.</summary>
    private static int NumberOf(string text)
    {
        int[] numbers = [.. CensusSamples().Matches(text).Select(sample => int.Parse(sample.Groups["value"].Value))];
        Assert.Equal(19, numbers.Length);
        int number = Assert.Single(numbers.Distinct());
        Assert.Contains($"client=\"192.0.2.{number % 250}\"", text);
        Assert.Matches($"\nsockdiag_census_duration_seconds_sum {number * (number + 1L) / 2}(\\.0)?\n", text);
        Assert.Matches($"\nsockdiag_census_duration_seconds_bucket{{le=\"\\+Inf\"}} {number}\n", text);
        return number;
    }

    private static string Uncompressed(ReadOnlyMemory<byte> compressed)
    {
        using MemoryStream bytes = new(compressed.ToArray());
        using GZipStream gzip = new(bytes, CompressionMode.Decompress);
        using StreamReader reader = new(gzip);
        return reader.ReadToEnd();
    }

    private static string Text(EndpointExposition exposition, ExpositionFormat format) => Encoding.UTF8.GetString(exposition.Render(format).Text.Span);

    private static string WithoutProcessValues(string text) => SortedSamples.Of(ProcessSamples().Replace(text, "$1 ..."));

    [GeneratedRegex("^((process|dotnet)_[^ ]+) .*$", RegexOptions.Multiline)]
    private static partial Regex ProcessSamples();

    [GeneratedRegex(@"^(tcp_[^ ]+|sockdiag_census_last[^ ]+|sockdiag_census_duration_seconds_count) (?<value>\d+)(\.0)?$", RegexOptions.Multiline)]
    private static partial Regex CensusSamples();
}
