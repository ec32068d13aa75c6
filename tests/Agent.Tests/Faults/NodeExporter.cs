using System.Diagnostics;
using System.Net;
using Testing;

namespace Agent.Tests.Faults;

/// <summary>Debian's node_exporter with only its textfile collector, on a free port of loopback.</summary>
internal sealed class NodeExporter : IDisposable
{
    private const int Attempts = 5;

    private readonly Process _process;
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Poll.Timeout };
    private readonly Uri _metrics;

    private NodeExporter(Process process, int port)
    {
        _process = process;
        _metrics = new Uri($"http://127.0.0.1:{port}/metrics");
    }

    /// <summary>Starts it and waits until it answers.</summary>
    internal static async Task<NodeExporter> Start(string directory)
    {
        string program = Requires.Program("prometheus-node-exporter", "prometheus-node-exporter");
        for (int attempt = 1; ; attempt++)
        {
            NodeExporter exporter = Launch(program, directory);
            await Poll.Until(() => exporter._process.HasExited || Listening.At(new IPEndPoint(IPAddress.Loopback, exporter._metrics.Port)), "node_exporter answers");
            if (!exporter._process.HasExited)
            {
                return exporter;
            }

            // Another program has taken the port meanwhile.
            exporter.Dispose();
            Assert.True(attempt < Attempts, "node_exporter does not start");
        }
    }

    internal Task<string> Scrape(CancellationToken stop) => _client.GetStringAsync(_metrics, stop);

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        _client.Dispose();
    }

    private static NodeExporter Launch(string program, string directory)
    {
        int port = FreePort.Next();
        Process process = new()
        {
            StartInfo = new ProcessStartInfo(
                program,
                [
                    "--collector.disable-defaults", "--collector.textfile", $"--collector.textfile.directory={directory}",
                    $"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
                ])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            },
        };
        Starting.Start(process);
        // The log is read and dropped, so that a full pipe never blocks node_exporter.
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return new NodeExporter(process, port);
    }
}
