using Testing;

namespace Integration;

[StartsProgram]
public sealed class NodeExporterTests
{
    private const string TwoHundred = """tcp_connections{port="8500",protocol="ipv4"} 200""";
    private const string Zero = """tcp_connections{port="8500",protocol="ipv4"} 0""";
    private const string NoScrapeError = "node_textfile_scrape_error 0";

    [Fact]
    public async Task Node_exporter_serves_the_counts_of_the_daemon_until_the_daemon_ends()
    {
        using TestNamespace @namespace = new();
        using Scratch directory = new();
        using PortOpener opener = await PortOpener.Start(@namespace);
        using NodeExporter exporter = new(directory.Path);
        using AgentProcess daemon = AgentProcess.Start(
            ["--interval", "100ms", "--netns", @namespace.Path, "--textfile-directory", directory.Path]);

        IReadOnlyList<string> opened = await exporter.ScrapeUntil(scrape => scrape.Contains(TwoHundred), TwoHundred);
        Assert.Contains("""tcp_connections{port="8500",protocol="ipv6"} 0""", opened);
        Assert.Contains("sockdiag_census_success 1", opened);
        Assert.Contains(NoScrapeError, opened);

        await opener.Stop();
        IReadOnlyList<string> stopped = await exporter.ScrapeUntil(scrape => scrape.Contains(Zero), Zero);
        Assert.Contains(NoScrapeError, stopped);

        daemon.Signal(NativeMethods.SIGTERM);
        Assert.Equal(0, await daemon.Exit());
        IReadOnlyList<string> ended = await exporter.ScrapeUntil(scrape => scrape.Count > 0, "a scrape after the daemon's end");
        Assert.DoesNotContain(ended, line => line.Contains("tcp_connections", StringComparison.Ordinal));
        Assert.DoesNotContain(ended, line => line.Contains("sockdiag", StringComparison.Ordinal));
        Assert.Contains(NoScrapeError, ended);
    }
}
