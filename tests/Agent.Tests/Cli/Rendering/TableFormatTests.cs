using System.Text.RegularExpressions;
using Agent.Cli.Rendering;
using Agent.Limits;
using Agent.Readings;
using Agent.Watching;
using Agent.Workloads;

namespace Agent.Tests.Cli.Rendering;

public sealed partial class TableFormatTests
{
    [Theory]
    [InlineData(40)]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(120)]
    public void Table_matches_the_golden_files_with_and_without_color(int width)
    {
        string plain = Snapshots.Text(new TableFormat(width, hasColors: false), Snapshots.Busy);
        string coloured = Snapshots.Text(new TableFormat(width, hasColors: true), Snapshots.Busy);
        GoldenFile.Holds($"table-{width}.txt", plain);
        GoldenFile.Holds($"table-{width}-colour.txt", coloured);
        Assert.Equal(plain, ColourCodes().Replace(coloured, ""));
        Assert.DoesNotContain('\e', plain);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    public void Table_of_several_watches_matches_the_golden_file(int width) =>
        GoldenFile.Holds($"table-several-{width}.txt", Snapshots.Text(new TableFormat(width, hasColors: false), Snapshots.Several));

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    public void Table_of_several_network_namespaces_matches_the_golden_file(int width) =>
        GoldenFile.Holds($"table-namespaces-{width}.txt", Snapshots.Text(new TableFormat(width, hasColors: false), Snapshots.SeveralNamespaces));

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(120)]
    public void Processes_follow_their_watch(int width) =>
        GoldenFile.Holds($"table-processes-{width}.txt", Snapshots.Text(new TableFormat(width, hasColors: false), Snapshots.WithProcesses));

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    public void Unknown_limit_has_a_reason(int width) =>
        GoldenFile.Holds($"table-without-answers-{width}.txt", Snapshots.Text(new TableFormat(width, hasColors: false), Snapshots.WithoutAnswers));

    [Theory]
    [InlineData(40)]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(120)]
    public void Table_with_dead_connections_and_total_limits_matches_the_golden_files(int width)
    {
        string plain = Snapshots.Text(new TableFormat(width, hasColors: false), Snapshots.WithDead);
        GoldenFile.Holds($"table-dead-{width}.txt", plain);
        string coloured = ColourCodes().Replace(Snapshots.Text(new TableFormat(width, hasColors: true), Snapshots.WithDead), "");
        // A colored line that is wrapped ends with its space.
        Assert.Equal(plain, coloured.Replace(" \n", "\n"));
        // The reason stands once for a network namespace with two watches.
        Assert.Single(Regex.Matches(plain, "CAP_SYS_PTRACE"));
    }

    [Theory]
    [InlineData(799, null, "32")]
    [InlineData(800, null, "33")]
    [InlineData(950, null, "31")]
    [InlineData(799, 700, "33")]
    public void Held_connections_have_the_color_of_the_total_limit(long held, int? warning, string colour)
    {
        Watch watch = new("web", [9000])
        {
            TotalLimit = new TotalLimit(1000, "x"),
            Warning = warning is { } number ? new Threshold(number, IsShare: false) : null,
        };
        Snapshot snapshot = Snapshots.Of(Snapshots.Of(watch, ("192.0.2.7", 750)).Namespaces[0].Watches[0] with { Held = held });
        string text = Snapshots.Text(new TableFormat(120, hasColors: true), snapshot);
        Assert.Contains($"\e[{colour}m{held} of 1000 (", text);
        // Nothing judges one client.
        Assert.Contains(" 750\n", text);
    }

    [Theory]
    [InlineData(819, null)]
    [InlineData(820, "33")]
    [InlineData(972, "33")]
    [InlineData(973, "31")]
    public void Open_files_of_the_server_are_shown_near_their_limit(long open, string? colour)
    {
        WatchCounts counts = Snapshots.Of(Snapshots.Consul, ("192.0.2.7", 3)).Namespaces[0].Watches[0] with { OpenFiles = new OpenFiles(open, 1024, 4711) };
        string text = Snapshots.Text(new TableFormat(80, hasColors: true), Snapshots.Of(counts));
        if (colour is null)
        {
            Assert.DoesNotContain("files open", text);
        }
        else
        {
            Assert.Contains($"\e[{colour}mserver of consul: {open} of 1024 files open (", text);
        }
    }

    [Fact]
    public void Dead_connections_have_a_row_among_the_processes()
    {
        WatchProcesses processes = new(Failure: null, Hidden: 0, [new ClientProcesses(
            Snapshots.WithDead.Namespaces[0].Watches[0].Shown[0].Client, Held: 50, [], MoreProcesses: 0, Closed: 0, Dead: 40, Unseen: 0, Elsewhere: 10)]);
        Snapshot snapshot = Snapshots.WithDead with
        {
            View = StoreView.Of(new ProcessReading(null, [("consul", processes)]) { Duration = TimeSpan.Zero }),
        };
        string[] lines = [.. Snapshots.Text(new TableFormat(80, hasColors: false), snapshot).Split('\n').Select(line => line.Trim())];
        Assert.Contains(lines, line => DeadRow().IsMatch(line));
        Assert.Contains("dead: the connection has ended, and the server still has its socket open", lines);
    }

    [Fact]
    public void Table_in_ASCII_has_the_same_shape()
    {
        Snapshot[] snapshots = [Snapshots.Busy, Snapshots.Several, Snapshots.SeveralNamespaces, Snapshots.WithProcesses, Snapshots.Failed,
            Snapshots.Of(Snapshots.Consul with { Name = "Köln 東京 🦀 e\u0301" }, ("192.0.2.7", 3))];
        foreach (Snapshot snapshot in snapshots)
        {
            string[] ascii = Snapshots.Text(new TableFormat(80, hasColors: true, allowsUtf8: false), snapshot).Split('\n');
            string[] full = Snapshots.Text(new TableFormat(80, hasColors: true, allowsUtf8: true), snapshot).Split('\n');
            Assert.All(ascii, line => Assert.True(System.Text.Ascii.IsValid(line), line));
            Assert.Equal(full.Length, ascii.Length);
        }

        GoldenFile.Holds("table-80-ascii.txt", Snapshots.Text(new TableFormat(80, hasColors: false, allowsUtf8: false), Snapshots.Busy));
    }

    [Fact]
    public void Failed_census_has_a_reason_and_no_table() =>
        Assert.Equal(
            "could not measure: opening network namespace 'a|b c' failed: No such file or\ndirectory\n",
            Snapshots.Text(new TableFormat(80, hasColors: false), Snapshots.Failed));

    [Fact]
    public void Lines_fit_the_width_and_addresses_are_complete()
    {
        Snapshot[] snapshots = [Snapshots.Busy, Snapshots.Several, Snapshots.SeveralNamespaces, Snapshots.WithProcesses, Snapshots.WithoutAnswers, Snapshots.WithDead, Snapshots.Failed];
        for (int width = 20; width <= 140; width++)
        {
            TableFormat format = new(width, hasColors: false);
            foreach (string line in snapshots.SelectMany(snapshot => Snapshots.Text(format, snapshot).Split('\n')))
            {
                Assert.True(line.Length <= width, $"{width}: {line}");
                Assert.DoesNotContain('…', line);
            }
        }
    }

    [Theory]
    [InlineData(159, "32")]
    [InlineData(160, "33")]
    [InlineData(189, "33")]
    [InlineData(190, "31")]
    [InlineData(500, "31")]
    public void Default_thresholds_of_80_and_95_percent_have_a_color(int held, string colour) =>
        Assert.Contains($"\e[{colour}m{held}\e[0m", Coloured(Snapshots.Consul, held));

    [Theory]
    [InlineData(99, "32")]
    [InlineData(100, "33")]
    [InlineData(199, "33")]
    public void One_given_threshold_replaces_both_defaults(int held, string colour) =>
        Assert.Contains(
            $"\e[{colour}m{held}\e[0m", Coloured(Snapshots.Consul with { Warning = new Threshold(50, IsShare: true) }, held));

    [Fact]
    public void Table_without_limit_and_thresholds_has_no_color() =>
        Assert.DoesNotContain('\e', Coloured(Snapshots.Consul with { Limit = new ClientLimit(null, "--limit") }, 500));

    [Theory]
    [InlineData(1, 1)]
    [InlineData(100, 20)]
    [InlineData(199, 39)]
    [InlineData(200, 40)]
    [InlineData(500, 40)]
    public void Bar_is_full_only_at_the_limit(int held, int blocks)
    {
        string text = Snapshots.Text(new TableFormat(100, hasColors: false), Snapshots.Of(Snapshots.Consul, ("192.0.2.7", held)));
        Assert.Equal((blocks, 40 - blocks), (text.Count('█'), text.Count('░')));
    }

    [Theory]
    [InlineData(4, "and 10 more clients")]
    [InlineData(13, "and 1 more client")]
    [InlineData(14, null)]
    [InlineData(0, "14 clients")]
    public void Clients_that_are_not_shown_are_counted(int shown, string? line)
    {
        (string, int)[] clients = [.. Enumerable.Range(1, 14).Select(i => ($"192.0.2.{i}", 1))];
        WatchCounts all = Snapshots.Of(Snapshots.Consul, clients).Namespaces[0].Watches[0];
        string text = Snapshots.Text(new TableFormat(80, hasColors: false), Snapshots.Of(all with { Shown = all.Shown[..shown] }));
        Assert.Equal(line, text.Split('\n').Select(each => each.Trim()).FirstOrDefault(each => MoreClients().IsMatch(each)));
    }

    private static string Coloured(Watch watch, int held) =>
        Snapshots.Text(new TableFormat(80, hasColors: true), Snapshots.Of(watch, ("192.0.2.7", held)));

    [GeneratedRegex("\e\\[[0-9]*m")]
    private static partial Regex ColourCodes();

    [GeneratedRegex("^dead +40$")]
    private static partial Regex DeadRow();

    [GeneratedRegex("[0-9]+ (more )?client")]
    private static partial Regex MoreClients();
}
