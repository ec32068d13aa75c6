using DotNet.Testcontainers.Containers;
using Integration.Docker;

namespace Integration.Containers;

/// <summary>The whole path across containers: port-opener, agent, textfile volume, node_exporter, Prometheus, alert.</summary>
[Collection(nameof(OneAfterAnother))]
public sealed class ChainTests
{
    [Fact]
    public async Task Connection_count_reaches_Prometheus_and_an_alert_fires_near_the_limit()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        TestHost host = await TestHost.StartAsync(engine);
        using Monitoring monitoring = await Monitoring.StartAsync(engine, host);
        IContainer http = host.Opener("--port", "8500", "-n", "100").Build();
        await http.StartAsync(engine.Token);
        IContainer https = host.Opener("--port", "8501", "-n", "100").Build();
        await https.StartAsync(engine.Token);
        IContainer agent = host.Agent("--port", "8500", "--port", "8501", "--limit", "200").Build();
        await agent.StartAsync(engine.Token);

        await monitoring.Prometheus.QueryUntil("sum(tcp_connections)", "200");

        await engine.KillAsync(https);
        await monitoring.Prometheus.QueryUntil("sum(tcp_connections)", "100");
        await monitoring.Prometheus.AlertUntil("TcpClientNearLimit", "inactive");

        IContainer more = host.Opener("--port", "8501", "-n", "80").Build();
        await more.StartAsync(engine.Token);
        await monitoring.Prometheus.QueryUntil("instance_watch:tcp_client_connections:ratio", "0.9");
        await monitoring.Prometheus.AlertUntil("TcpClientNearLimit", "firing");
    }

    [Fact]
    public async Task Textfile_of_a_killed_agent_causes_no_scrape_error_and_fires_the_stale_textfile_alert()
    {
        await using ContainerEngine engine = await ContainerEngine.RequireAsync();
        TestHost host = await TestHost.StartAsync(engine);
        using Monitoring monitoring = await Monitoring.StartAsync(engine, host);
        // The shortest interval: the kill is likely to come during a write.
        IContainer agent = host.Agent("--interval", "1ms").Build();
        for (int kills = 0; kills < 10; kills++)
        {
            await agent.StartAsync(engine.Token);
            await host.WaitUntilTextfileIsRenewed();
            await engine.KillAsync(agent);
        }

        await monitoring.Prometheus.QueryUntil("sockdiag_census_success", "1");
        Assert.Equal("inactive", monitoring.Prometheus.AlertState("ConnectionTextfileStale"));

        await host.AgeTextfile();

        await monitoring.Prometheus.AlertUntil("ConnectionTextfileStale", "firing");
        await monitoring.Prometheus.QueryUntil("max_over_time(node_textfile_scrape_error[10m])", "0");
    }
}
