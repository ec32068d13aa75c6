using System.Text.RegularExpressions;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Networks;
using Integration.Docker;
using Testing;

namespace Integration.Containers;

/// <summary>
/// node_exporter and Prometheus in containers, on their own network. The rules are those of deploy/, but with <c>for: 0s</c>: alerts fire
/// at once.
/// </summary>
internal sealed partial class Monitoring : IDisposable
{
    private readonly Scratch _configuration = new();
    private PrometheusApi? _api;

    private Monitoring()
    {
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
    }

    internal PrometheusApi Prometheus => _api!;

    /// <param name="engine">The engine, which removes the containers with the test.</param>
    /// <param name="host">The host whose textfile directory node_exporter reads.</param>
    internal static async Task<Monitoring> StartAsync(ContainerEngine engine, TestHost host)
    {
        Monitoring monitoring = new();
        try
        {
            await monitoring.StartContainersAsync(engine, host);
            return monitoring;
        }
        catch
        {
            monitoring.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _api?.Dispose();
        _configuration.Dispose();
    }

    private async Task StartContainersAsync(ContainerEngine engine, TestHost host)
    {
        INetwork network = await engine.CreateNetworkAsync();
        IContainer nodeExporter = engine.Container(host.Images.Neighbours)
            .WithNetwork(network)
            .WithNetworkAliases("node-exporter")
            .WithEmptyVolumeMount(host.Textfiles, "/textfiles", AccessMode.ReadOnly)
            .WithUser("nobody")
            .WithCommand(
                "prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile", "--collector.textfile.directory=/textfiles")
            .Build();
        await nodeExporter.StartAsync(engine.Token);

        IContainer prometheus = engine.Container(host.Images.Neighbours)
            .WithNetwork(network)
            .WithNetworkAliases("prometheus")
            .WithBindMount(_configuration.Path, "/configuration", AccessMode.ReadOnly)
            .WithLoopbackPortBinding(9090)
            .WithCommand("prometheus", "--config.file=/configuration/prometheus.yml", "--storage.tsdb.path=/tmp/data")
            .Build();
        await prometheus.StartAsync(engine.Token);
        _api = new PrometheusApi(
            $"{prometheus.Hostname}:{prometheus.GetMappedPublicPort(9090)}",
            (condition, what) => engine.Until(prometheus, () => Task.FromResult(condition()), what));
    }

    [GeneratedRegex("for: [1-9][0-9]*m")]
    private static partial Regex Waits();
}
