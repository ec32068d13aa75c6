using Agent.Cli.Rendering;
using Agent.Limits;
using Agent.Tests.Metrics;
using Agent.Watching;

namespace Agent.Tests.Cli.Rendering;

public sealed class CheckFormatTests
{
    private static readonly Watch Consul = Snapshots.Consul with
    {
        Warning = new Threshold(80, IsShare: true),
        Critical = new Threshold(190, IsShare: false),
    };

    [Theory]
    [InlineData(159, "CONSUL OK - 192.0.2.7 holds 159 of 200 connections (79 %), 3 clients hold 201|consul_max=159;")]
    [InlineData(165, "CONSUL WARNING - 192.0.2.7 holds 165 of 200 connections (82 %), 3 clients hold 207|consul_max=165;")]
    [InlineData(190, "CONSUL CRITICAL - 192.0.2.7 holds 190 of 200 connections (95 %), 3 clients hold 232|consul_max=190;")]
    public void Highest_client_decides_the_state(int held, string line) =>
        Assert.Equal(
            line + "160;190;0;200 consul_clients=3;;;0",
            Line(Snapshots.Of(Consul, ("192.0.2.7", held), ("127.0.0.1", 41), ("::1", 1))));

    [Fact]
    public void Performance_data_without_limit_and_thresholds_have_empty_fields() =>
        Assert.Equal(
            "CONSUL OK - 192.0.2.7 holds 165 connections|consul_max=165;;;0 consul_clients=1;;;0",
            Line(Snapshots.Of(Snapshots.Consul with { Limit = new ClientLimit(null, "--limit") }, ("192.0.2.7", 165))));

    [Fact]
    public void Line_without_clients_says_so() =>
        Assert.Equal(
            "CONSUL OK - no client holds a connection|consul_max=0;160;190;0;200 consul_clients=0;;;0", Line(Snapshots.Of(Consul)));

    [Fact]
    public void Line_without_shown_clients_has_the_count() =>
        Assert.Equal(
            "CONSUL OK - one client holds 1 connection|consul_max=1;;;0 consul_clients=1;;;0",
            Line(Snapshots.Of(Snapshots.Of(Snapshots.Consul with { Limit = new ClientLimit(null, "--limit") }, ("192.0.2.7", 1)).Namespaces[0].Watches[0] with { Shown = [] })));

    [Fact]
    public void Failed_census_is_UNKNOWN_without_performance_data() =>
        Assert.Equal("UNKNOWN - opening network namespace 'a_b c' failed: No such file or directory", Line(Snapshots.Failed));

    [Fact]
    public void Worst_watch_comes_first_and_performance_data_keep_their_order() =>
        Assert.Equal(
            "CONSUL WARNING - 192.0.2.7 holds 160 of 200 connections (80 %), 3 clients hold 203; "
                + "WEB OK - 192.0.2.7 holds 4 connections, 2 clients hold 7; IDLE [9] OK - no client holds a connection"
                + "|web_max=4;;;0 web_clients=2;;;0 consul_max=160;160;;0;200 consul_clients=3;;;0 "
                + "'idle [9]_max'=0;;;0;10 'idle [9]_clients'=0;;;0",
            Line(Snapshots.Several));

    [Theory]
    [InlineData(165, "UNKNOWN - gone: no such; CONSUL WARNING - ")]
    [InlineData(190, "CONSUL CRITICAL - ")]
    public void Unknown_state_ranks_between_warning_and_critical(int held, string begin)
    {
        NamespaceCounts gone = Snapshots.Failed.Namespaces[0] with { Netns = "gone", Failure = "no such" };
        string line = Line(new Snapshot([.. Snapshots.Of(Consul, ("192.0.2.7", held)).Namespaces, gone]));
        Assert.StartsWith(begin, line);
        Assert.Contains("UNKNOWN - gone: no such", line);
        Assert.EndsWith($"|consul_max={held};160;190;0;200 consul_clients=1;;;0", line);
    }

    [Fact]
    public void Watch_in_another_network_namespace_names_it() =>
        Assert.EndsWith(
            "WEB in blue OK - 192.0.2.7 holds 4 connections, 2 clients hold 7"
                + "|consul_max=165;160;;0;200 consul_clients=1;;;0 web_blue_max=4;;;0 web_blue_clients=2;;;0",
            Line(Snapshots.SeveralNamespaces));

    [Fact]
    public void Special_characters_of_a_name_do_not_break_the_line() =>
        Assert.Equal(
            "A_B=C'D OK - no client holds a connection|a%7Cb%3Dc%27d_max=0;;;0 a%7Cb%3Dc%27d_clients=0;;;0",
            Line(Snapshots.Of(new Watch("a|b=c'd", [1]))));

    [Theory]
    // A percentage of an unknown limit cannot be judged, for any reason.
    [InlineData("80%", "95%", 0, "Unknown", "UNKNOWN")]
    [InlineData("80%", "95%", 50, "No", "UNKNOWN")]
    [InlineData("80%", "95%", 50, "Unknown", "UNKNOWN")]
    [InlineData("40", "95%", 50, "No", "UNKNOWN")]
    [InlineData("80%", "50", 50, "No", "CRITICAL")]
    // A number that is not reached cannot be judged either: the limit may be lower. A number that is reached can.
    [InlineData("60", "90", 50, "Unknown", "UNKNOWN")]
    [InlineData("60", "90", 50, "No", "UNKNOWN")]
    [InlineData("40", "90", 50, "No", "UNKNOWN")]
    [InlineData("40", "90", 50, "Unknown", "UNKNOWN")]
    [InlineData("40", "50", 50, "Unknown", "CRITICAL")]
    // A 429 proves that the limit is reached, with any threshold.
    [InlineData("80%", "95%", 50, "Yes", "CRITICAL")]
    [InlineData("60", null, 50, "Yes", "CRITICAL")]
    [InlineData(null, "100%", 0, "Yes", "CRITICAL")]
    // Without thresholds nothing is judged.
    [InlineData(null, null, 50, "Yes", "")]
    [InlineData(null, null, 50, "Unknown", "")]
    public void Unknown_limit_is_never_OK_with_thresholds(string? warning, string? critical, int held, string refusal, string state)
    {
        Watch watch = Snapshots.Consul with
        {
            Limit = ClientLimit.NotAsked,
            Warning = warning is null ? null : Threshold.Parse(warning),
            Critical = critical is null ? null : Threshold.Parse(critical),
        };
        Snapshot counted = held == 0 ? Snapshots.Of(watch) : Snapshots.Of(watch, ("127.0.0.1", held));
        ClientLimit limit = ClientLimit.Unknown("consul at x", "consul at x does not say; look there", Enum.Parse<Refusal>(refusal));
        string line = Line(ExampleSnapshots.WithLimit(counted, limit));
        string holds = held == 0 ? "no client holds a connection" : $"127.0.0.1 holds {held} connections";
        string word = state.Length == 0 ? "" : $" {state}";
        Assert.StartsWith($"CONSUL{word} - {holds}, limit unknown: consul at x does not say; look there|consul_max={held};", line);
        Assert.DoesNotContain("of 200", line);
    }

    [Fact]
    public void Refusal_beside_a_known_limit_is_critical() =>
        Assert.StartsWith(
            "CONSUL CRITICAL - 127.0.0.1 holds 50 of 200 connections (25 %), limit 200: consul at x answers 429|",
            Line(ExampleSnapshots.WithLimit(
                Snapshots.Of(Consul, ("127.0.0.1", 50)),
                new ClientLimit(200, "consul at x") { Problem = "consul at x answers 429", Refusal = Refusal.Yes })));

    [Theory]
    [InlineData(49, "consul at x", "OK")]
    [InlineData(50, "consul at x", "CRITICAL")]
    [InlineData(51, "consul at x", "CRITICAL")]
    [InlineData(50, "--limit", "CRITICAL")]
    // A default limit is only assumed, so the given number decides.
    [InlineData(50, "default", "OK")]
    public void Client_at_a_known_limit_is_critical_despite_a_higher_threshold(int held, string source, string state)
    {
        Watch watch = Snapshots.Consul with { Limit = new ClientLimit(50, source), Warning = new Threshold(160, IsShare: false), Critical = new Threshold(190, IsShare: false) };
        Assert.StartsWith($"CONSUL {state} - 127.0.0.1 holds {held} of 50 connections", Line(Snapshots.Of(watch, ("127.0.0.1", held))));
    }

    [Theory]
    [InlineData(812, 97, "WEB WARNING - 812 of 1000 connections held (81 %), 97 clients|web_max=50;;;0 web_clients=97;;;0 web_total=812;800;950;0;1000")]
    [InlineData(950, 1, "WEB CRITICAL - 950 of 1000 connections held (95 %), 1 client|web_max=50;;;0 web_clients=1;;;0 web_total=950;800;950;0;1000")]
    [InlineData(0, 0, "WEB OK - no client holds a connection|web_max=50;;;0 web_clients=0;;;0 web_total=0;800;950;0;1000")]
    public void Total_limit_that_is_closer_is_reported(long held, int clients, string line) =>
        Assert.Equal(line, Line(Snapshots.Of(new WatchCounts(WithTotal(null), held, clients, Highest: 50, Peak: null, []))));

    [Theory]
    [InlineData(170, 700, "WEB WARNING - one client holds 170 of 200 connections (85 %), 9 clients hold 700")]
    [InlineData(160, 810, "WEB WARNING - 810 of 1000 connections held (81 %), 9 clients")]
    public void Closer_one_of_two_limits_is_reported_with_the_data_of_both(int highest, long held, string text) =>
        Assert.Equal(
            $"{text}|web_max={highest};160;190;0;200 web_clients=9;;;0 web_total={held};800;950;0;1000",
            Line(Snapshots.Of(new WatchCounts(WithTotal(200), held, Clients: 9, highest, Peak: null, []))));

    [Fact]
    public void Number_of_connections_is_a_threshold_of_the_client_only_where_both_limits_exist()
    {
        Watch watch = WithTotal(200) with { Warning = new Threshold(150, IsShare: false), Critical = null };
        Assert.Equal(
            "WEB WARNING - one client holds 150 of 200 connections (75 %), 9 clients hold 900"
                + "|web_max=150;150;;0;200 web_clients=9;;;0 web_total=900;;;0;1000",
            Line(Snapshots.Of(new WatchCounts(watch, Held: 900, Clients: 9, Highest: 150, Peak: null, []))));
    }

    [Fact]
    public void Dead_connections_follow_the_text() =>
        Assert.Equal(
            "CONSUL OK - 127.0.0.1 holds 50 of 200 connections (25 %), 97 clients hold 812, 40 dead"
                + "; WEB OK - 7 of 10 connections held (70 %), 1 client",
            Line(new Snapshot([WithoutThatLimit(Snapshots.WithDead.Namespaces[0])])).Split('|')[0]);

    [Theory]
    [InlineData(50, 1, null, "CONSUL OK - 127.0.0.1 holds at least 50 of 200 connections (25 %)")]
    [InlineData(50, 3, null, "CONSUL OK - 127.0.0.1 holds at least 50 of 200 connections (25 %), 3 clients hold at least 812")]
    [InlineData(50, 3, 1000, "CONSUL OK - at least 812 of 1000 connections held (81 %), 3 clients")]
    [InlineData(0, 0, null, "CONSUL OK - the agent saw no held connection")]
    public void Numbers_that_may_be_too_low_are_at_least(int highest, int clients, int? totalLimit, string text)
    {
        Watch watch = Snapshots.Consul with { TotalLimit = totalLimit is { } total ? new TotalLimit(total, "x") : null };
        WatchCounts counts = Snapshots.Of(watch, ("127.0.0.1", highest)).Namespaces[0].Watches[0] with { Clients = clients, Held = 812, IsMinimum = true };
        Assert.Equal(text, Line(Snapshots.Of(counts)).Split('|')[0]);
    }

    [Fact]
    public void Problem_with_dead_connections_is_a_line_of_its_own_and_not_in_the_text()
    {
        Snapshot snapshot = Snapshots.WithDead;
        Assert.Equal(["blue: cannot see all dead connections: the agent needs CAP_SYS_PTRACE"], snapshot.DeadProblems);
        Assert.DoesNotContain("CAP_SYS_PTRACE", Line(snapshot));
        Assert.Equal((true, WatchState.Fine), (snapshot.Succeeded, snapshot.WorstState));
        Assert.Empty(snapshot.Problems);
        Assert.Equal(
            [true, true, false, false],
            ((ISnapshotFormat[])[new TableFormat(80, hasColors: false), new JsonFormat(), new CheckFormat(), new PromFormat()]).Select(format => format.ShowsDeadProblem));
    }

    private static NamespaceCounts WithoutThatLimit(NamespaceCounts found) => found with
    {
        Watches = [found.Watches[0] with { Watch = found.Watches[0].Watch with { TotalLimit = null } }, found.Watches[1]],
    };

    private static Watch WithTotal(int? limit) => new("web", [9000])
    {
        Limit = new ClientLimit(limit, "--limit"),
        TotalLimit = new TotalLimit(1000, "--total-limit"),
        Warning = new Threshold(80, IsShare: true),
        Critical = new Threshold(95, IsShare: true),
    };

    private static string Line(Snapshot snapshot)
    {
        string text = Snapshots.Text(new CheckFormat(), snapshot);
        Assert.EndsWith("\n", text);
        return text[..^1];
    }
}
