using Agent.Cli.Rendering;
using Agent.Watching;

namespace Agent.Tests.Cli.Rendering;

public sealed class PerformanceLabelsTests
{
    [Theory]
    [InlineData("web", null, "web_max")]
    [InlineData("my-web.1", null, "my-web.1_max")]
    [InlineData("web", "blue", "web_blue_max")]
    [InlineData("my web", null, "'my web_max'")]
    [InlineData("a=b", null, "a%3Db_max")]
    [InlineData("a'b", null, "a%27b_max")]
    [InlineData("a|b", null, "a%7Cb_max")]
    [InlineData("100%", null, "100%25_max")]
    [InlineData("it's = all", "a|b", "'it%27s %3D all_a%7Cb_max'")]
    [InlineData("Köln", "/run/netns/ä", "Köln_/run/netns/ä_max")]
    public void Label_is_the_name_with_forbidden_characters_encoded(string watch, string? netns, string label) =>
        Assert.Equal(label, new PerformanceLabels(Of((watch, netns))).Of(watch, netns, "max"));

    [Fact]
    public void Labels_of_different_watches_differ()
    {
        string[] names = ["a", "b", "a=b", "a_b", "a'b", "a|b", "a%b", "a%3Db", "a%5Fb", "a b", "a  b", "a\u00a0b", "a_b_c", "b_c", "c", "A", "=", "'", "''", "%", "_",
            "a_max", "a_clients", "a;b", "a\"b", "ä"];
        (string, string?)[] watches = [.. names.Select(name => (name, (string?)null)), .. names.SelectMany(name => names.Select(netns => (name, (string?)netns)))];
        PerformanceLabels labels = new(Of(watches));
        string[] all = [.. watches.SelectMany(watch => (string[])["max", "clients"], (watch, what) => labels.Of(watch.Item1, watch.Item2, what))];
        Assert.Equal(2 * names.Length * (names.Length + 1), all.Length);
        Assert.DoesNotContain(all.CountBy(label => label), label => label.Value > 1);
        Assert.All(all, label =>
        {
            string bare = label.StartsWith('\'') ? label[1..^1] : label;
            Assert.DoesNotContain('=', bare);
            Assert.DoesNotContain('\'', bare);
            Assert.DoesNotContain('|', bare);
        });
    }

    private static Snapshot Of(params (string Watch, string? Netns)[] watches) => new(
        [.. watches.GroupBy(watch => watch.Netns).Select(there => Snapshots.Of(new Watch("a", [1])).Namespaces[0] with
        {
            Netns = there.Key,
            Watches = [.. there.Select(watch => Snapshots.Of(new Watch(watch.Watch, [1])).Namespaces[0].Watches[0])],
        })]);
}
