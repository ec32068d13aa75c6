using System.Text;
using System.Text.RegularExpressions;
using Agent.Metrics;
using Agent.Metrics.Endpoint;
using Agent.Postgres;
using Agent.Readings;
using Agent.Tests.Cli.Rendering;
using Agent.Tests.Metrics.Endpoint;
using Agent.Tests.Readings;
using Prometheus;
using Testing;

namespace Agent.Tests.Metrics;

/// <summary>The metrics of databases and their queries, in the textfile and at the endpoint.</summary>
public sealed partial class PostgresMetricsTests
{
    private static readonly BuildInformation Build = new("1.2.3", "abc");

    [Fact]
    public void Metrics_of_databases_match_the_golden_files()
    {
        GoldenFile.Holds("databases.prom", Text(ExampleDatabases.Good, ExampleDatabases.Second, ExampleDatabases.Down));
        GoldenFile.Holds("databases.openmetrics", OpenMetrics(ExampleDatabases.Good, ExampleDatabases.Second, ExampleDatabases.Down));
    }

    [Fact]
    public void Database_that_is_down_has_only_its_failure()
    {
        Assert.Equal(
            [
                "pg_up{db=\"db3\"} 0",
                "pg_scrape_success{db=\"db3\"} 0",
                "exporter_scrape_duration_seconds 5",
                "pg_scrape_errors_total{db=\"db3\",error_type=\"refused\"} 4",
                "exporter_errors_total 4",
                "pg_quarantined{db=\"db3\"} 1",
                "pg_query_quarantined{db=\"db3\",query=\"holes\"} 0",
            ],
            Samples(Text(ExampleDatabases.Down)));
    }

    [Fact]
    public void Full_server_keeps_its_last_known_limits()
    {
        string[] samples = Samples(Text(ExampleDatabases.Full));

        Assert.Contains("pg_up{db=\"db3\"} 0", samples);
        Assert.Contains("pg_login_success{db=\"db3\"} 0", samples);
        Assert.Contains("pg_connections_limit{db=\"db3\"} 100", samples);
        Assert.Contains("pg_connections_usable_limit{db=\"db3\"} 97", samples);
        Assert.Contains("pg_full{db=\"db3\",scope=\"server\"} 1", samples);
        Assert.Contains("pg_full{db=\"db3\",scope=\"role\"} 0", samples);
        Assert.DoesNotContain(samples, sample => sample.StartsWith("pg_connections{") || sample.StartsWith("pg_login_duration"));
    }

    [Fact]
    public void Full_server_appears_once_also_if_its_first_database_cannot_log_in()
    {
        DatabaseReading first = ExampleDatabases.Good with
        {
            Login = new LoginTest(TimeSpan.Zero, new DatabaseError(ErrorType.Password, "no"), null),
        };
        LoginTest refused = new(TimeSpan.Zero, new DatabaseError(ErrorType.Full, "full"), FullScope.Server);
        DatabaseReading second = ExampleDatabases.Second with { Login = refused };
        DatabaseReading third = second with { Database = ExampleDatabases.Database("db9") };

        string[] full = [.. Samples(Text(first, second, third)).Where(sample => sample.StartsWith("pg_full{") && sample.Contains("scope=\"server\""))];

        Assert.Equal(["pg_full{db=\"db2\",scope=\"server\"} 1"], full);
    }

    [Theory]
    [InlineData("SuperuserReserve", "superuser_reserve", 5)]
    [InlineData("RoleReserve", "role_reserve", 5)]
    [InlineData("Role", "role", 5)]
    [InlineData("Database", "database", 2)]
    public void Scope_of_a_full_server_is_the_only_one_with_1(string scope, string label, int shown)
    {
        DatabaseReading reading = ExampleDatabases.Good with
        {
            Login = new LoginTest(TimeSpan.Zero, new DatabaseError(ErrorType.Full, "x"), Enum.Parse<FullScope>(scope)),
        };
        DatabaseReading[] all = shown > 2 ? [reading] : [ExampleDatabases.Second, reading];
        string[] full = [.. Samples(Text(all)).Where(sample => sample.StartsWith("pg_full{db=\"db1\""))];

        Assert.Equal(shown, full.Length);
        Assert.Equal($"pg_full{{db=\"db1\",scope=\"{label}\"}} 1", Assert.Single(full, sample => sample.EndsWith(" 1")));
    }

    [Fact]
    public void Whether_it_is_full_is_unknown_after_a_login_that_failed_otherwise()
    {
        string[] samples = Samples(Text(ExampleDatabases.Good with
        {
            Login = new LoginTest(TimeSpan.Zero, new DatabaseError(ErrorType.Timeout, "x"), null),
        }));
        Assert.Contains("pg_login_success{db=\"db1\"} 0", samples);
        Assert.DoesNotContain(samples, sample => sample.StartsWith("pg_full") || sample.StartsWith("pg_login_duration"));
    }

    [Fact]
    public void Nothing_is_known_before_the_first_round_has_ended()
    {
        string[] samples = Samples(Text(ExampleDatabases.Good with { ScrapeSucceeded = null, Login = null, Limits = null, Queries = [], Errors = [] }));
        Assert.DoesNotContain(samples, sample => sample.StartsWith("pg_scrape_success") || sample.StartsWith("pg_login") || sample.StartsWith("pg_connections_limit"));
    }

    [Fact]
    public void Agent_without_databases_has_none_of_their_families()
    {
        SnapshotExposition exposition = new(Build);
        string before = Text(exposition);
        Assert.DoesNotMatch("(?m)^# (HELP|TYPE) (pg_|exporter_)", before);

        Assert.Contains("# HELP pg_up ", Text(exposition, ExampleDatabases.Good));
        Assert.Equal(before, Text(exposition));
    }

    [Fact]
    public void Query_that_vanishes_leaves_nothing_and_a_changed_one_has_its_new_type()
    {
        SnapshotExposition exposition = new(Build);
        Assert.Contains("# TYPE holes gauge\n", Text(exposition, ExampleDatabases.Good));

        Query changed = ExampleDatabases.Holes with { Type = QueryType.Histogram, Labels = [], Help = "Other" };
        string text = Text(exposition, ExampleDatabases.Good with
        {
            Database = ExampleDatabases.Database("db1", changed),
            Queries = [ExampleDatabases.Result(changed, new QuerySample([], 1) { Buckets = [(double.PositiveInfinity, 1)] })],
        });
        Assert.Contains("# HELP holes Other\n# TYPE holes histogram\nholes_bucket{db=\"db1\",le=\"+Inf\"} 1\n", text);
        Assert.DoesNotMatch("rounds_total|waits_seconds|holes gauge", text);
    }

    [Fact]
    public void Result_of_a_former_definition_is_absent_until_the_query_has_run_again()
    {
        Query changed = ExampleDatabases.Rounds with { Labels = ["x"] };
        string text = Text(
            ExampleDatabases.Good with { Database = ExampleDatabases.Database("db1", changed), Queries = [] },
            ExampleDatabases.Good with
            {
                Database = ExampleDatabases.Database("db2", ExampleDatabases.Rounds),
                Queries = [ExampleDatabases.Result(ExampleDatabases.Rounds, new QuerySample([], 7))],
            });
        Assert.Contains("# TYPE rounds_total counter\n", text);
        Assert.DoesNotContain("\nrounds_total", text);
    }

    [Fact]
    public void Counter_of_a_query_that_falls_has_its_lower_value()
    {
        SnapshotExposition exposition = new(Build);
        foreach (double value in (double[])[5, 2, 3])
        {
            Assert.Contains($"\nrounds_total{{db=\"db1\"}} {value}\n", Text(exposition, ExampleDatabases.Good with
            {
                Queries = [ExampleDatabases.Result(ExampleDatabases.Rounds, new QuerySample([], value))],
            }));
        }
    }

    [Fact]
    public async Task Promtool_accepts_the_golden_file()
    {
        string promtool = Requires.Program("promtool", "prometheus");
        Assert.Equal((0, ""), await Tool.Run(promtool, ["check", "metrics"], Golden("databases.prom")));
    }

    [Fact]
    public async Task Python_parser_of_OpenMetrics_finds_every_family_of_databases_with_its_type()
    {
        (int exitCode, string output) = await OpenMetricsParser.Parse(Golden("databases.openmetrics"));
        Assert.True(exitCode == 0, output);
        string[] families = output.Split('\n');
        Assert.All(PostgresFamilies.All, family => Assert.Contains(
            families, line => line.StartsWith($"{Regex.Replace(family.Name, "_total$", "")} {family.Type.ToString().ToLowerInvariant()} ")));
        Assert.Subset(
            families.ToHashSet(), ((string[])["holes gauge 2", "rounds counter 1", "waits_seconds histogram 12", "sizes histogram 3", "throws_metres summary 6"]).ToHashSet());
    }

    [Fact]
    public void Every_family_has_samples_in_the_golden_file_in_the_order_of_the_list() => Assert.Equal(
        PostgresFamilies.All.Select(family => family.Name),
        SampleNames().Matches(Golden("databases.prom")).Select(match => match.Value).Distinct());

    [Fact]
    public async Task Exposition_never_mixes_two_rounds()
    {
        const int Expositions = 500;
        ManualTime time = new();
        Store store = new(time);
        FakeSource source = new(store, "db1");
        store.Replace([source]);
        source.Put(Numbered(1));
        EndpointExposition exposition = new(Build, store, () => ExampleStatistics.AtStart, time);
        int seen = 0;
        Task scraping = Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() =>
        {
            while (Interlocked.Increment(ref seen) <= Expositions)
            {
                time.Leap(EndpointExposition.OldestAnswer);
                string text = Encoding.UTF8.GetString(
                    exposition.Render(i % 2 == 0 ? ExpositionFormat.PrometheusText : ExpositionFormat.OpenMetricsText).Text.Span);
                string[] numbers = [.. NumberedSamples().Matches(text).Select(match => match.Groups["value"].Value)];
                Assert.Equal(10, numbers.Length);
                Assert.Single(numbers.Distinct());
            }
        })));
        for (int number = 2; !scraping.IsCompleted; number++)
        {
            source.Put(Numbered(number));
        }

        await scraping;
    }

    /// <summary>A reading with the same number in all of its values.</summary>
    private static DatabaseReading Numbered(int number) => ExampleDatabases.Good with
    {
        Duration = TimeSpan.FromSeconds(number),
        Errors = [new ErrorCount(ErrorType.Query, number)],
        Login = null,
        Limits = new ServerLimits(number, 0, 0),
        Statistics = ExampleDatabases.Good.Statistics! with { ActiveConnections = number, Databases = [], Server = null },
        Queries =
        [
            ExampleDatabases.Result(ExampleDatabases.Rounds, new QuerySample([], number)),
            ExampleDatabases.Result(ExampleDatabases.Waits, new QuerySample(["a"], number) { Buckets = [(double.PositiveInfinity, number)] }),
        ],
    };

    private static string Text(params DatabaseReading[] readings) => Text(new SnapshotExposition(Build), readings);

    private static string Text(SnapshotExposition exposition, params DatabaseReading[] readings)
    {
        string text = Encoding.UTF8.GetString(exposition.Render(ExampleDatabases.SnapshotOf(readings)).Span);
        return readings.Length == 0 ? text : SortedSamples.Of(text[text.IndexOf("# HELP pg_up ", StringComparison.Ordinal)..]);
    }

    private static string OpenMetrics(params DatabaseReading[] readings)
    {
        Store store = new(TimeProvider.System);
        FakeSource[] sources = [.. readings.Select(reading => new FakeSource(store, reading.Database.Name))];
        store.Replace(sources);
        foreach ((FakeSource source, DatabaseReading reading) in sources.Zip(readings))
        {
            source.Put(reading);
        }

        EndpointExposition exposition = new(Build, store, () => ExampleStatistics.AtStart, TimeProvider.System);
        string text = Encoding.UTF8.GetString(exposition.Render(ExpositionFormat.OpenMetricsText).Text.Span);
        Assert.Equal(text.Length - "# EOF\n".Length, text.IndexOf("# EOF\n", StringComparison.Ordinal));
        // The parser needs the samples of a histogram in their order.
        int first = text.IndexOf("# HELP pg_up ", StringComparison.Ordinal);
        int distributions = text.IndexOf("# HELP waits_seconds ", StringComparison.Ordinal);
        return SortedSamples.Of(text[first..distributions]) + text[distributions..];
    }

    private static string Golden(string name) => File.ReadAllText(GoldenFile.PathOf(name));

    private static string[] Samples(string text) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith('#'))];

    [GeneratedRegex("^(pg|exporter)_[a-z_]+", RegexOptions.Multiline)]
    private static partial Regex SampleNames();

    [GeneratedRegex(
        @"^(pg_scrape_duration_seconds|exporter_scrape_duration_seconds|pg_scrape_errors_total|exporter_errors_total|pg_active_connections|pg_connections_limit|"
        + @"rounds_total|waits_seconds_[a-z]+)(\{.*\})? (?<value>\d+)(\.0)?$", RegexOptions.Multiline)]
    private static partial Regex NumberedSamples();
}
