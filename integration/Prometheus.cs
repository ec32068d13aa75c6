using System.Text.Json;
using Testing;

namespace Integration;

/// <summary>Debian's Prometheus with the rules of deploy/, which scrapes and evaluates once a second.</summary>
internal sealed class Prometheus : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });
    private readonly string _address = Loopback.FreeAddress();
    private readonly BackgroundProgram _program;

    /// <param name="nodeExporter">The address that it scrapes.</param>
    internal Prometheus(string nodeExporter)
    {
        File.WriteAllText(_scratch["prometheus.yml"], $"""
            global:
              scrape_interval: 1s
              evaluation_interval: 1s
            rule_files: ['{Repository.PathOf("deploy/prometheus/rules.yml")}']
            scrape_configs:
              - job_name: node
                static_configs:
                  - targets: ['{nodeExporter}']

            """);
        _program = new BackgroundProgram(
            Requires.Program("prometheus", "prometheus"),
            [
                $"--config.file={_scratch["prometheus.yml"]}",
                $"--storage.tsdb.path={_scratch["data"]}",
                $"--web.listen-address={_address}",
            ]);
    }

    /// <summary>Asks until the answer is as it should be.</summary>
    /// <param name="expression">In PromQL.</param>
    /// <param name="answers">Whether the series and their values are the awaited ones.</param>
    internal Task QueryUntil(string expression, Predicate<JsonElement[]> answers) => _program.Until(
        () => Data($"query?query={Uri.EscapeDataString(expression)}") is { } data
            && answers([.. data.GetProperty("result").EnumerateArray()]),
        expression);

    /// <summary>Waits for an alert to come into one of some states.</summary>
    internal Task AlertUntil(string alert, params string[] states) => _program.Until(
        () => AlertState(alert) is { } state && states.Contains(state), $"{alert} {string.Join(" or ", states)}");

    /// <returns><c>inactive</c>, <c>pending</c> or <c>firing</c>.</returns>
    internal string? AlertState(string alert) => Data("rules?type=alert")?.GetProperty("groups").EnumerateArray()
        .SelectMany(group => group.GetProperty("rules").EnumerateArray())
        .Single(rule => rule.GetProperty("name").GetString() == alert)
        .GetProperty("state").GetString();

    public void Dispose()
    {
        _program.Dispose();
        _client.Dispose();
        _scratch.Dispose();
    }

    private JsonElement? Data(string path) =>
        Loopback.Get(_client, new Uri($"http://{_address}/api/v1/{path}")) is { } answer
            ? JsonElement.Parse(answer).GetProperty("data")
            : null;
}
