using Testing;

namespace Integration;

/// <summary>Debian's node_exporter with only its textfile collector.</summary>
internal sealed class NodeExporter : IDisposable
{
    private readonly BackgroundProgram _program;
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Poll.Timeout };
    private readonly Uri _metrics;

    internal NodeExporter(string textfileDirectory)
    {
        _metrics = new Uri($"http://{Address}/metrics");
        _program = new BackgroundProgram(
            Requires.Program("prometheus-node-exporter", "prometheus-node-exporter"),
            [
                "--collector.disable-defaults",
                "--collector.textfile",
                $"--collector.textfile.directory={textfileDirectory}",
                $"--web.listen-address={Address}",
            ]);
    }

    /// <summary>The address on which it listens: HOST:PORT.</summary>
    internal string Address { get; } = Loopback.FreeAddress();

    /// <summary>Scrapes it as Prometheus does, until a scrape meets the condition.</summary>
    /// <returns>The lines of that scrape.</returns>
    internal async Task<IReadOnlyList<string>> ScrapeUntil(Predicate<IReadOnlyList<string>> shows, string what)
    {
        IReadOnlyList<string> scrape = [];
        await _program.Until(() => shows(scrape = Scrape()), what);
        return scrape;
    }

    public void Dispose()
    {
        _client.Dispose();
        _program.Dispose();
    }

    private string[] Scrape() => Loopback.Get(_client, _metrics)?.Split('\n') ?? [];
}
