using Testing;

namespace Integration.Consul;

/// <summary>The agent as a script check that Consul runs, with the check definition in docs/output.md.</summary>
[StartsProgram]
public sealed class ScriptCheckTests : IDisposable
{
    private readonly ScriptCheck _check = new();

    public void Dispose() => _check.Dispose();

    [Fact]
    public async Task State_follows_the_client_that_holds_the_most()
    {
        using HostWithConsul host = await StartAsync(limit: null);

        await StateAsync(host, "passing", "CONSUL OK - no client holds a connection");
        host.Clients.KeepAlive(159);
        await StateAsync(host, "passing", "CONSUL OK - 127.0.0.1 holds 159 of 200 connections (79 %)");
        host.Clients.KeepAlive(1);
        await StateAsync(host, "warning", "CONSUL WARNING - 127.0.0.1 holds 160 of 200 connections (80 %)");
        host.Clients.KeepAlive(29);
        await StateAsync(host, "warning", "CONSUL WARNING - 127.0.0.1 holds 189 of 200 connections (94 %)");
        host.Clients.KeepAlive(1);
        await StateAsync(host, "critical", "CONSUL CRITICAL - 127.0.0.1 holds 190 of 200 connections (95 %)");
        host.Clients.KeepAlive(10);
        await StateAsync(host, "critical", "CONSUL CRITICAL - 127.0.0.1 holds 200 of 200 connections (100 %)");
    }

    [Fact]
    public async Task State_follows_the_limit_of_Consul()
    {
        using HostWithConsul host = await StartAsync(limit: 50, $"CONSUL_HTTP_ADDR=127.0.0.1:{ConsulServer.HttpPort}");

        host.Clients.KeepAlive(39);
        await StateAsync(host, "passing", "CONSUL OK - 127.0.0.1 holds 39 of 50 connections (78 %)");
        host.Clients.KeepAlive(1);
        await StateAsync(host, "warning", "CONSUL WARNING - 127.0.0.1 holds 40 of 50 connections (80 %)");
        host.Clients.KeepAlive(8);
        await StateAsync(host, "critical", "CONSUL CRITICAL - 127.0.0.1 holds 48 of 50 connections (96 %)");
        // A full Consul does not answer. The check is then UNKNOWN, exit code 3, which Consul treats as critical.
        host.Clients.KeepAlive(2);
        await StateAsync(host, "critical", "127.0.0.1 holds 50 connections");
    }

    private Task<HostWithConsul> StartAsync(int? limit, params IEnumerable<string> variables) =>
        _check.StartConsulAsync(limit, "200ms", options: [], variables);

    private static Task StateAsync(HostWithConsul host, string state, string output) => ScriptCheck.StateAsync(host, state, output);
}
