using Testing;

namespace Integration.Consul;

/// <summary>The test's own network namespace, which stands for a host. In it run a real Consul, its clients and the agent.</summary>
internal sealed class HostWithConsul : IDisposable
{
    private readonly TestNamespace _namespace = new();
    private ConsulServer? _consul;

    private HostWithConsul() => Clients = new ConsulClients(_namespace);

    internal TestNamespace Namespace => _namespace;

    internal ConsulServer Consul => _consul!;

    internal ConsulClients Clients { get; }

    /// <summary>Starts a Consul with a limit; null for Consul's default.</summary>
    internal static async Task<HostWithConsul> StartAsync(int? limit, string settings = "", params IEnumerable<string> variables)
    {
        HostWithConsul host = new();
        try
        {
            await host.StartConsulAsync(limit, settings, variables);
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    internal static HostWithConsul WithoutConsul() => new();

    /// <summary>Replaces the running Consul with a new one.</summary>
    internal async Task StartConsulAsync(int? limit, string settings = "", params IEnumerable<string> variables)
    {
        _consul?.Dispose();
        _consul = null;
        _consul = await ConsulServer.StartAsync(_namespace, limit, settings, variables);
    }

    /// <summary>Runs <c>agent --once</c> in this namespace. The agent also asks Consul for the limit there.</summary>
    internal async Task<(int ExitCode, string Output, string Errors)> OnceAsync(
        IEnumerable<string> options, params IEnumerable<(string Name, string Value)> variables)
    {
        using AgentProcess agent = StartAgent(["--once", .. options], variables);
        return (await agent.Exit(), agent.Output, agent.Errors);
    }

    /// <summary>Starts the agent in this namespace.</summary>
    internal AgentProcess StartAgent(IEnumerable<string> options, params IEnumerable<(string Name, string Value)> variables) => AgentProcess.Start(
        options,
        variables.ToDictionary(variable => variable.Name, variable => variable.Value),
        [InNamespace.Program, .. InNamespace.Arguments(_namespace)]);

    /// <summary>Runs <c>agent --once --output json</c> in this namespace.</summary>
    internal async Task<ConsulCensus> CountAsync(IEnumerable<string> options, params IEnumerable<(string Name, string Value)> variables)
    {
        (int exitCode, string output, string errors) = await OnceAsync([.. options, "--output", "json"], variables);
        return ConsulCensus.Parse(exitCode, output, errors);
    }

    /// <summary>
    /// Compares the agent with Consul: for each client, the held connections and the slots that Consul still gives make up the limit.
    /// </summary>
    /// <returns>The census of the agent.</returns>
    internal async Task<ConsulCensus> AssertSlotsAsync(int limit, IEnumerable<(string Client, int Held)> clients, params int[] ports)
    {
        ConsulCensus census = await CountAsync(["--watch", "consul", "--limit", $"{limit}", .. Ports(ports)]);
        Assert.Equal((0, ""), (census.ExitCode, census.Errors));
        foreach ((string client, int held) in clients)
        {
            Assert.Equal((client, held), (client, census.HeldBy(client)));
            Assert.Equal((client, limit - held), (client, Clients.FreeSlots(client, to: client.Contains(':') ? "::1" : "127.0.0.1")));
        }

        return census;
    }

    /// <summary>The kernel's table of IPv4 sockets in this namespace.</summary>
    internal IReadOnlyList<KernelTable.Row> Table() => KernelTable.Read(_namespace);

    /// <summary>Waits until Consul has accepted all connections that were opened before, and has read what their clients sent.</summary>
    internal async Task WaitUntilReadAsync(int port = ConsulServer.HttpPort)
    {
        Clients.WaitUntilAccepted(port);
        await Poll.Until(
            () => Table().Concat(KernelTable.ReadIPv6(_namespace))
                .All(row => row.Local.Port != port || row.State != KernelTable.Established || row.ReceiveQueue == 0),
            "Consul has read all requests");
    }

    internal static IEnumerable<string> Ports(IEnumerable<int> ports) => ports.SelectMany(port => new[] { "--port", $"{port}" });

    public void Dispose()
    {
        Clients.Dispose();
        _consul?.Dispose();
        _namespace.Dispose();
    }
}
