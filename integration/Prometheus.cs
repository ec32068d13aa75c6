using Testing;

namespace Integration;

/// <summary>Debian's Prometheus with the rules of deploy/. It scrapes and evaluates once a second.</summary>
internal sealed class Prometheus : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly BackgroundProgram _program;

    /// <param name="target">The address that it scrapes.</param>
    /// <param name="scrapeSettings">More settings of the scrape, as a YAML mapping in one line.</param>
    internal Prometheus(string target, string scrapeSettings = "{}")
    {
        string address = Loopback.FreeAddress();
        File.WriteAllText(_scratch["prometheus.yml"], $"""
            global:
              scrape_interval: 1s
              evaluation_interval: 1s
            rule_files: ['{Repository.PathOf("deploy/prometheus/rules.yml")}']
            scrape_configs:
              - <<: {scrapeSettings}
                job_name: node
                static_configs:
                  - targets: ['{target}']

            """);
        _program = new BackgroundProgram(
            Requires.Program("prometheus", "prometheus"),
            [
                $"--config.file={_scratch["prometheus.yml"]}",
                $"--storage.tsdb.path={_scratch["data"]}",
                $"--web.listen-address={address}",
            ]);
        Api = new PrometheusApi(address, _program.Until);
    }

    internal PrometheusApi Api { get; }

    public void Dispose()
    {
        _program.Dispose();
        Api.Dispose();
        _scratch.Dispose();
    }
}
