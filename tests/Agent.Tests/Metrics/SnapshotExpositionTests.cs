using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Agent.Metrics;
using Agent.Tests.Rendering;
using Agent.Watching;
using Netlink.SockDiag;
using Testing;

namespace Agent.Tests.Metrics;

public sealed partial class SnapshotExpositionTests
{
    private static readonly NamespaceCounts Main = new()
    {
        Duration = TimeSpan.FromMicroseconds(250),
        LastSuccess = new DateTimeOffset(2030, 1, 2, 3, 4, 5, 250, TimeSpan.Zero),
        Ports =
        [
            new PortCounts(8500, Ipv4: 200, Ipv6: 0, Unaccepted: 7, new AcceptQueue(7, 4096)),
            new PortCounts(8501, Ipv4: 3, Ipv6: 4, Unaccepted: 0, AcceptQueue: null),
        ],
        Watches =
        [
            new WatchCounts(
                new Watch("consul", [8500, 8501]) { Limit = new ClientLimit(200, "default") }, Held: 203, Clients: 3, Highest: 160, Peak: 199,
                [Client("192.0.2.7", 160), Client("127.0.0.1", 42), Client("2001:db8::1", 1)]),
            new WatchCounts(new Watch("idle", [9000]), Held: 0, Clients: 0, Highest: 0, Peak: null, []),
        ],
    };

    private static readonly NamespaceCounts Uncounted = new()
    {
        Duration = TimeSpan.FromMicroseconds(250),
        LastSuccess = null,
        Failure = "no",
    };

    private static readonly Snapshot Good = new([Main]);

    private static readonly Snapshot Failed = new([Uncounted]);

    // The same port and the same name in two, and a third that cannot be counted.
    private static readonly Snapshot Several = new(
    [
        Main,
        new NamespaceCounts
        {
            Netns = "/run/\"x\"",
            Duration = TimeSpan.FromMicroseconds(125),
            LastSuccess = Main.LastSuccess,
            Ports = [new PortCounts(8500, Ipv4: 1, Ipv6: 2, Unaccepted: 0, new AcceptQueue(0, 128))],
            Watches = [new WatchCounts(new Watch("other", [8500]), Held: 3, Clients: 1, Highest: 3, Peak: 3, [Client("192.0.2.7", 3)])],
        },
        new NamespaceCounts { Netns = "gone", Duration = TimeSpan.FromMicroseconds(50), LastSuccess = Main.LastSuccess, Failure = "no" },
    ]);

    [Fact]
    public void A_snapshot_is_rendered_as_the_golden_file_says() => GoldenFile.Holds("exposition.prom", Render(Good));

    [Fact]
    public void Other_network_namespaces_carry_their_names_and_one_that_cannot_be_counted_is_missing_alone() =>
        GoldenFile.Holds("exposition-several.prom", Render(Several));

    [Fact]
    public void What_was_not_measured_is_absent() => GoldenFile.Holds("exposition-failed.prom", Render(Failed));

    [Fact]
    public void One_renderer_serves_many_snapshots()
    {
        SnapshotExposition exposition = new(new BuildInformation("1.2.3", "abc"));
        GoldenFile.Holds("exposition.prom", Text(exposition, Good));
        GoldenFile.Holds("exposition-failed.prom", Text(exposition, Failed));
        GoldenFile.Holds("exposition.prom", Text(exposition, Good));
    }

    [Theory]
    [InlineData("exposition.prom")]
    [InlineData("exposition-failed.prom")]
    [InlineData("exposition-several.prom")]
    public async Task Promtool_has_nothing_to_say(string golden)
    {
        string promtool = Requires.Program("promtool", "prometheus");
        Assert.Equal((0, ""), await Tool.Run(promtool, ["check", "metrics"], Golden(golden)));
    }

    [Fact]
    public void Every_family_is_in_the_golden_file_in_the_order_of_the_list() =>
        Assert.Equal(
            MetricFamilies.All.Select(family => family.Name),
            TypeLines().Matches(Golden("exposition.prom")).Select(match => match.Groups[1].Value));

    [Fact]
    public void The_metric_table_of_the_README_is_the_list()
    {
        IEnumerable<(string, string, string)> documented = TableRows().Matches(Repository.Read("README.md"))
            .Select(row => (row.Groups["name"].Value, row.Groups["type"].Value, row.Groups["labels"].Value));
        Assert.Equal(
            MetricFamilies.All.Select(family => (
                family.Name,
                family.Type.ToString().ToLowerInvariant(),
                family.LabelNames.Length == 0 ? "–" : string.Join(", ", family.LabelNames.Select(label => $"`{label}`")))),
            documented);
    }

    [Theory]
    [InlineData("1.2.3+abc", "1.2.3", "abc")]
    [InlineData("1.2.3", "1.2.3", "")]
    [InlineData("", "", "")]
    public void Version_and_revision_are_told_apart(string informational, string version, string revision) =>
        Assert.Equal(new BuildInformation(version, revision), BuildInformation.Parse(informational));

    [GeneratedRegex("^# TYPE ([a-z_]+) ", RegexOptions.Multiline)]
    private static partial Regex TypeLines();

    [GeneratedRegex(@"^\| `(?<name>(tcp|sockdiag)_[a-z_]+)` \| (?<type>[a-z]+) \| (?<labels>[^|]+?) \|", RegexOptions.Multiline)]
    private static partial Regex TableRows();

    private static ClientCount Client(string address, int held)
    {
        byte[] bytes = IPAddress.Parse(address).GetAddressBytes();
        return new ClientCount(bytes.Length == 4 ? InetAddress.FromIPv4(bytes) : InetAddress.FromIPv6(bytes), held);
    }

    private static string Golden(string name) => File.ReadAllText(GoldenFile.PathOf(name));

    private static string Render(Snapshot snapshot) => Text(new SnapshotExposition(new BuildInformation("1.2.3", "abc")), snapshot);

    private static string Text(SnapshotExposition exposition, Snapshot snapshot) => Encoding.UTF8.GetString(exposition.Render(snapshot).Span);
}
