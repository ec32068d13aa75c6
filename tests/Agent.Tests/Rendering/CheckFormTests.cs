using Agent.Cli.Rendering;
using Agent.Watching;

namespace Agent.Tests.Rendering;

public sealed class CheckFormTests
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
    public void The_client_that_holds_most_decides(int held, string line) =>
        Assert.Equal(
            line + "160;190;0;200 consul_clients=3;;;0",
            Line(Snapshots.Of(Consul, ("192.0.2.7", held), ("127.0.0.1", 41), ("::1", 1))));

    [Fact]
    public void Without_limit_or_thresholds_their_places_are_empty() =>
        Assert.Equal(
            "CONSUL OK - 192.0.2.7 holds 165 connections|consul_max=165;;;0 consul_clients=1;;;0",
            Line(Snapshots.Of(Snapshots.Consul with { Limit = new ClientLimit(null, "--limit") }, ("192.0.2.7", 165))));

    [Fact]
    public void Without_clients_it_says_so() =>
        Assert.Equal(
            "CONSUL OK - no client holds a connection|consul_max=0;160;190;0;200 consul_clients=0;;;0", Line(Snapshots.Of(Consul)));

    [Fact]
    public void Without_clients_to_show_the_count_is_there() =>
        Assert.Equal(
            "CONSUL OK - one client holds 1 connection|consul_max=1;;;0 consul_clients=1;;;0",
            Line(Snapshots.Of(Snapshots.Of(Snapshots.Consul with { Limit = new ClientLimit(null, "--limit") }, ("192.0.2.7", 1)).Namespaces[0].Watches[0] with { Shown = [] })));

    [Fact]
    public void A_failed_census_is_unknown_in_one_line_without_performance_data() =>
        Assert.Equal("UNKNOWN - opening network namespace 'a_b c' failed: No such file or directory", Line(Snapshots.Failed));

    [Fact]
    public void Of_several_watches_the_worst_comes_first_and_performance_data_keep_their_order() =>
        Assert.Equal(
            "CONSUL WARNING - 192.0.2.7 holds 160 of 200 connections (80 %), 3 clients hold 203; "
                + "WEB OK - 192.0.2.7 holds 4 connections, 2 clients hold 7; IDLE [9] OK - no client holds a connection"
                + "|web_max=4;;;0 web_clients=2;;;0 consul_max=160;160;;0;200 consul_clients=3;;;0 "
                + "'idle [9]_max'=0;;;0;10 'idle [9]_clients'=0;;;0",
            Line(Snapshots.Several));

    [Theory]
    [InlineData(165, "UNKNOWN - gone: no such; CONSUL WARNING - ")]
    [InlineData(190, "CONSUL CRITICAL - ")]
    public void What_is_not_known_is_worse_than_a_warning_and_better_than_what_is_critical(int held, string begin)
    {
        NamespaceCounts gone = Snapshots.Failed.Namespaces[0] with { Netns = "gone", Failure = "no such" };
        string line = Line(new Snapshot([.. Snapshots.Of(Consul, ("192.0.2.7", held)).Namespaces, gone]));
        Assert.StartsWith(begin, line);
        Assert.Contains("UNKNOWN - gone: no such", line);
        Assert.EndsWith($"|consul_max={held};160;190;0;200 consul_clients=1;;;0", line);
    }

    [Fact]
    public void A_watch_in_another_network_namespace_says_which() =>
        Assert.EndsWith(
            "WEB in blue OK - 192.0.2.7 holds 4 connections, 2 clients hold 7"
                + "|consul_max=165;160;;0;200 consul_clients=1;;;0 web_blue_max=4;;;0 web_blue_clients=2;;;0",
            Line(Snapshots.SeveralNamespaces));

    [Fact]
    public void A_name_does_not_break_the_line() =>
        Assert.Equal(
            "A_B=C'D OK - no client holds a connection|a_b_c_d_max=0;;;0 a_b_c_d_clients=0;;;0",
            Line(Snapshots.Of(new Watch("a|b=c'd", [1]))));

    private static string Line(Snapshot snapshot)
    {
        string text = Snapshots.Text(new CheckForm(), snapshot);
        Assert.EndsWith("\n", text);
        return text[..^1];
    }
}
