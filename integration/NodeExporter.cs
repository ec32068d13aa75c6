using System.Net;
using System.Net.Sockets;
using Testing;

namespace Integration;

/// <summary>Debian's node_exporter with nothing but its textfile collector.</summary>
internal sealed class NodeExporter : IDisposable
{
    private readonly BackgroundProgram _program;
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private readonly Uri _metrics;

    internal NodeExporter(string textfileDirectory)
    {
        string address = $"127.0.0.1:{FreePort()}";
        _metrics = new Uri($"http://{address}/metrics");
        _program = new BackgroundProgram(
            Requires.Program("prometheus-node-exporter", "prometheus-node-exporter"),
            [
                "--collector.disable-defaults",
                "--collector.textfile",
                $"--collector.textfile.directory={textfileDirectory}",
                $"--web.listen-address={address}",
            ]);
    }

    /// <summary>Scrapes it as Prometheus does, until a scrape shows what is waited for.</summary>
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

    private string[] Scrape()
    {
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, _metrics);
            using HttpResponseMessage response = _client.Send(request, TestContext.Current.CancellationToken);
            response.EnsureSuccessStatusCode();
            using StreamReader text = new(response.Content.ReadAsStream(TestContext.Current.CancellationToken));
            return text.ReadToEnd().Split('\n');
        }
        catch (HttpRequestException failure) when (failure.InnerException is SocketException)
        {
            // It does not listen yet.
            return [];
        }
    }

    // Free a moment ago; it cannot be asked to choose one and say which.
    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
