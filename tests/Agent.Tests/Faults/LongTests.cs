using Agent.Metrics;
using Agent.Publishing;
using Agent.Watching;
using Netlink;
using Testing;

namespace Agent.Tests.Faults;

/// <summary>Very many censuses in one process: they release their resources.</summary>
[Collection(Alone.Name)]
public sealed class LongTests
{
    [Fact]
    public void Hundred_thousand_censuses_release_their_resources()
    {
        const int writeEvery = 100;
        using TestNamespace host = new();
        using Connections server = new(host, 8500);
        server.Accept(50);
        using Scratch scratch = new();
        using Textfile textfile = new(scratch.Path);
        using Census census = CensusIn(host.Path);
        SnapshotExposition exposition = new(BuildInformation.Current);

        ResourceGrowth.AssertNone(warmUp: 5_000, censuses: 100_000, i =>
        {
            NamespaceCounts found = census.Take();
            Assert.Null(found.Failure);
            ReadOnlyMemory<byte> text = exposition.Render(new Snapshot([found]));
            if (i % writeEvery == 0)
            {
                Assert.Equal(50, Assert.Single(found.Ports).Ipv4);
                textfile.Write(text.Span);
            }
        });
    }

    [Fact]
    public void Failed_censuses_release_their_resources()
    {
        using TestNamespace host = new();
        using Scratch scratch = new();
        // A missing namespace, and a file that can be opened and not entered.
        File.WriteAllText(scratch["file"], "");
        using Census gone = CensusIn(scratch["gone"]);
        using Census closed = CensusIn(scratch["file"]);

        ResourceGrowth.AssertNone(warmUp: 1_000, censuses: 20_000, i => Assert.NotNull((i % 2 == 0 ? gone : closed).Take().Failure));
    }

    [Fact]
    public void Censuses_that_each_enter_another_namespace_release_their_resources()
    {
        using TestNamespace first = new();
        using TestNamespace second = new();
        using Connections three = new(first, 8500);
        using Connections five = new(second, 8500);
        three.Accept(3);
        five.Accept(5);
        using Scratch scratch = new();
        string link = scratch["current"];
        using Census census = CensusIn(link);

        ResourceGrowth.AssertNone(warmUp: 200, censuses: 2_000, i =>
        {
            File.CreateSymbolicLink(scratch["next"], i % 2 == 0 ? first.Path : second.Path);
            File.Move(scratch["next"], link, overwrite: true);
            NamespaceCounts found = census.Take();
            Assert.Null(found.Failure);
            Assert.Equal(i % 2 == 0 ? 3 : 5, Assert.Single(found.Ports).Ipv4);
        });
    }

    private static Census CensusIn(string where) =>
        new(new WatchedNamespace(NetworkNamespace.Parse(where), null, [new Watch("consul", [8500])]), TimeProvider.System, keepsPeaks: true);
}
