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

    private static string Line(Snapshot snapshot)
    {
        string text = Snapshots.Text(new CheckFormat(), snapshot);
        Assert.EndsWith("\n", text);
        return text[..^1];
    }
}
