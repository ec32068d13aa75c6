using System.Text.RegularExpressions;
using Integration.Docker;
using Testing;

namespace Integration.Containers;

/// <summary>
/// node_exporter and Prometheus in containers of a network of their own. The rules are those of deploy/, but that no alert waits before it
/// fires.
/// </summary>
internal sealed partial class Monitoring : IAsyncDisposable
{
    private readonly Network _network;
    private readonly Scratch _configuration = new();
    private readonly Container _nodeExporter;
    private readonly Container _prometheus;
    private PrometheusApi? _api;

    private Monitoring(Network network, Volume textfiles)
    {
        _network = network;
        _nodeExporter = new ContainerBuilder(Images.Neighbours)
            .WithNetwork(network, "node-exporter")
            .WithCreateOptions("--volume", $"{textfiles.Name}:/textfiles:ro,nocopy", "--user", "nobody")
            .WithCommand(
                "prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile", "--collector.textfile.directory=/textfiles")
            .Build();

        string rules = Waits().Replace(Repository.Read("deploy/prometheus/rules.yml"), "for: 0s");
        Assert.DoesNotMatch(Waits(), rules);
        File.WriteAllText(_configuration["rules.yml"], rules);
        File.WriteAllText(_configuration["prometheus.yml"], """
            global:
              scrape_interval: 1s
              evaluation_interval: 1s
            rule_files: [rules.yml]
            scrape_configs:
              - job_name: node
                static_configs:
                  - targets: [node-exporter:9100]

            """);
        _prometheus = new ContainerBuilder(Images.Neighbours)
            .WithNetwork(network, "prometheus")
            .WithBindMount(_configuration.Path, "/configuration")
            .WithPortBinding(9090)
            .WithCommand("prometheus", "--config.file=/configuration/prometheus.yml", "--storage.tsdb.path=/tmp/data")
            .Build();
    }

    internal PrometheusApi Prometheus => _api!;

    /// <param name="textfiles">The directory that node_exporter reads.</param>
    internal static async Task<Monitoring> StartAsync(Volume textfiles)
    {
        Monitoring monitoring = new(await Network.CreateAsync(), textfiles);
        try
        {
            await monitoring._nodeExporter.StartAsync();
            await monitoring._prometheus.StartAsync();
            monitoring._api = new PrometheusApi(
                $"127.0.0.1:{monitoring._prometheus.GetMappedPublicPort(9090)}",
                (condition, what) => monitoring._prometheus.Until(() => Task.FromResult(condition()), what));
            return monitoring;
        }
        catch
        {
            await monitoring.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _api?.Dispose();
        await _prometheus.DisposeAsync();
        await _nodeExporter.DisposeAsync();
        await _network.DisposeAsync();
        _configuration.Dispose();
    }

    [GeneratedRegex("for: [1-9][0-9]*m")]
    private static partial Regex Waits();
}
