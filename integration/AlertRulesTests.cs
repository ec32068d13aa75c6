using System.Text.Json;
using Testing;

namespace Integration;

/// <summary>
/// The whole path: kernel, agent, textfile, node_exporter, and Prometheus with the rules of deploy/ and the queries of the dashboard.
/// </summary>
[StartsProgram]
public sealed class AlertRulesTests : IDisposable
{
    private readonly TestNamespace _namespace = new();
    private readonly Scratch _directory = new();

    public void Dispose()
    {
        _directory.Dispose();
        _namespace.Dispose();
    }

    [Fact]
    public async Task Client_with_190_of_200_connections_has_a_ratio_of_95_percent_and_an_alert()
    {
        using PortOpener opener = await PortOpener.Start(_namespace, "-n", "190");
        using AgentProcess daemon = StartDaemon();
        using NodeExporter exporter = new(_directory.Path);
        using Prometheus prometheus = new(exporter.Address);

        await prometheus.Api.QueryUntil(
            "instance_watch:tcp_client_connections:ratio",
            series => series is [var ratio] && Value(ratio) == "0.95" && Label(ratio, "watch") == "consul"
                && Label(ratio, "instance") == exporter.Address);
        await prometheus.Api.AlertUntil("TcpClientNearLimit", "pending", "firing");
        // The rule asks for more than 95 %.
        Assert.Equal("inactive", prometheus.Api.AlertState("TcpClientAtLimit"));
        Assert.Equal("inactive", prometheus.Api.AlertState("TcpAcceptQueueFilling"));
    }

    [Fact]
    public async Task Every_query_of_the_dashboard_about_connections_returns_series()
    {
        using PortOpener opener = await PortOpener.Start(_namespace);
        await using FakeConsul consul = new();
        using AgentProcess daemon = AgentProcess.Start(
            ["--interval", "100ms", "--total-limit", "1000", "--netns", _namespace.Path, "--textfile-directory", _directory.Path],
            new Dictionary<string, string> { ["CONSUL_HTTP_ADDR"] = $"{consul.Address}" });
        using NodeExporter exporter = new(_directory.Path);
        using Prometheus prometheus = new(exporter.Address);

        foreach (string expression in Dashboard.ConnectionExpressions())
        {
            await prometheus.Api.QueryUntil(expression, series => series.Length > 0);
        }
    }

    [Fact]
    public async Task Cleanly_stopped_agent_fires_the_absent_alert_and_not_the_stale_textfile_alert()
    {
        using AgentProcess daemon = StartDaemon();
        using NodeExporter exporter = new(_directory.Path);
        using Prometheus prometheus = new(exporter.Address);
        // The label that node_exporter sets, as the rule for a stale textfile matches it.
        const string Textfile = """node_textfile_mtime_seconds{file=~"(.*/)?tcp_connections[.]prom"}""";
        Assert.Contains(Textfile, Repository.Read("deploy/prometheus/rules.yml"), StringComparison.Ordinal);
        await prometheus.Api.QueryUntil(
            Textfile, series => series is [var file] && Label(file, "file") == _directory["tcp_connections.prom"]);
        await prometheus.Api.QueryUntil("sockdiag_build_info", series => series.Length == 1);
        Assert.Equal("inactive", prometheus.Api.AlertState("ConnectionAgentAbsent"));

        daemon.Signal(NativeMethods.SIGTERM);
        Assert.Equal(0, await daemon.Exit());

        await prometheus.Api.AlertUntil("ConnectionAgentAbsent", "pending", "firing");
        await prometheus.Api.QueryUntil(Textfile, series => series.Length == 0);
        Assert.Equal("inactive", prometheus.Api.AlertState("ConnectionTextfileStale"));
    }

    private AgentProcess StartDaemon() => AgentProcess.Start(
        ["--interval", "100ms", "--limit", "200", "--netns", _namespace.Path, "--textfile-directory", _directory.Path]);

    private static string? Label(JsonElement series, string name) => series.GetProperty("metric").GetProperty(name).GetString();

    private static string? Value(JsonElement series) => series.GetProperty("value")[1].GetString();
}
