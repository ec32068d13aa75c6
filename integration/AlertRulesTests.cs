using System.Text.Json;
using Testing;

namespace Integration;

/// <summary>The whole way: kernel, agent, textfile, node_exporter, Prometheus with the rules of deploy/, the dashboard's questions.</summary>
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
    public async Task A_client_with_190_of_200_connections_is_recorded_as_95_percent_and_alerts()
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
        // 95 % is not above 95 %.
        Assert.Equal("inactive", prometheus.Api.AlertState("TcpClientAtLimit"));
        Assert.Equal("inactive", prometheus.Api.AlertState("TcpAcceptQueueFilling"));
    }

    [Fact]
    public async Task Every_panel_of_the_dashboard_shows_something()
    {
        using PortOpener opener = await PortOpener.Start(_namespace);
        await using FakeConsul consul = new();
        using AgentProcess daemon = AgentProcess.Start(
            ["--interval", "100ms", "--netns", _namespace.Path, "--textfile-directory", _directory.Path],
            new Dictionary<string, string> { ["CONSUL_HTTP_ADDR"] = $"{consul.Address}" });
        using NodeExporter exporter = new(_directory.Path);
        using Prometheus prometheus = new(exporter.Address);

        foreach (string expression in Dashboard.Expressions())
        {
            await prometheus.Api.QueryUntil(expression, series => series.Length > 0);
        }
    }

    [Fact]
    public async Task An_agent_that_ended_cleanly_is_absent_and_its_textfile_is_not_stale()
    {
        using AgentProcess daemon = StartDaemon();
        using NodeExporter exporter = new(_directory.Path);
        using Prometheus prometheus = new(exporter.Address);
        // As node_exporter names the file, and as the rule for a stale one asks for it.
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
