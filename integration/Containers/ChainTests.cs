using Integration.Docker;

namespace Integration.Containers;

/// <summary>The whole way between containers: port-opener, agent, textfile volume, node_exporter, Prometheus, alert.</summary>
[Collection(nameof(OneAfterAnother))]
public sealed class ChainTests
{
    [Fact]
    public async Task Prometheus_has_the_number_of_connections_and_alerts_when_they_come_near_the_limit()
    {
        await using TestHost host = await TestHost.StartAsync();
        await using Monitoring monitoring = await Monitoring.StartAsync(host.Textfiles);
        await using Container http = await StartOpener(host, port: 8500, connections: 100);
        await using Container https = await StartOpener(host, port: 8501, connections: 100);
        await using Container agent = host.Agent("--port", "8500", "--port", "8501", "--limit", "200").Build();
        await agent.StartAsync();

        await monitoring.Prometheus.QueryUntil("sum(tcp_connections)", "200");

        await https.KillAsync();
        await monitoring.Prometheus.QueryUntil("sum(tcp_connections)", "100");
        await monitoring.Prometheus.AlertUntil("TcpClientNearLimit", "inactive");

        await using Container more = await StartOpener(host, port: 8501, connections: 80);
        await monitoring.Prometheus.QueryUntil("instance_watch:tcp_client_connections:ratio", "0.9");
        await monitoring.Prometheus.AlertUntil("TcpClientNearLimit", "firing");
    }

    [Fact]
    public async Task Killed_agent_never_makes_node_exporter_report_an_error_and_the_old_textfile_alerts()
    {
        await using TestHost host = await TestHost.StartAsync();
        await using Monitoring monitoring = await Monitoring.StartAsync(host.Textfiles);
        // It writes as often as it may, for the kill to meet it at that.
        await using Container agent = host.Agent("--interval", "1ms").Build();
        for (int kills = 0; kills < 10; kills++)
        {
            await agent.StartAsync();
            await host.TextfileIsRenewed();
            await agent.KillAsync();
        }

        await monitoring.Prometheus.QueryUntil("sockdiag_census_success", "1");
        Assert.Equal("inactive", monitoring.Prometheus.AlertState("ConnectionTextfileStale"));

        await host.AgeTextfile();

        await monitoring.Prometheus.AlertUntil("ConnectionTextfileStale", "firing");
        await monitoring.Prometheus.QueryUntil("max_over_time(node_textfile_scrape_error[10m])", "0");
    }

    private static async Task<Container> StartOpener(TestHost host, int port, int connections)
    {
        Container opener = host.Opener("--port", $"{port}", "-n", $"{connections}").Build();
        await opener.StartAsync();
        await opener.UntilLogged($"opened {connections} client connections");
        return opener;
    }
}
