using Testing;

namespace Integration.Consul;

/// <summary>A host with a real Consul on it, clients of that, and the agent: a network namespace of the test's own.</summary>
internal sealed class HostWithConsul : IDisposable
{
    private readonly TestNamespace _namespace = new();
    private ConsulServer? _consul;

    private HostWithConsul() => Clients = new ConsulClients(_namespace);

    internal TestNamespace Namespace => _namespace;

    internal ConsulServer Consul => _consul!;

    internal ConsulClients Clients { get; }

    /// <summary>Starts a Consul with a limit; its default where that is null.</summary>
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

    /// <summary>Starts a Consul, in the place of the one before.</summary>
    internal async Task StartConsulAsync(int? limit, string settings = "", params IEnumerable<string> variables)
    {
        _consul?.Dispose();
        _consul = null;
        _consul = await ConsulServer.StartAsync(_namespace, limit, settings, variables);
    }

    /// <summary><c>agent --once</c> in this namespace, where it also asks Consul for the limit.</summary>
    internal async Task<(int ExitCode, string Output, string Errors)> OnceAsync(
        IEnumerable<string> options, params IEnumerable<(string Name, string Value)> variables)
    {
        using AgentProcess agent = StartAgent(["--once", .. options], variables);
        return (await agent.Exit(), agent.Output, agent.Errors);
    }

    /// <summary>The agent in this namespace.</summary>
    internal AgentProcess StartAgent(IEnumerable<string> options, params IEnumerable<(string Name, string Value)> variables) => AgentProcess.Start(
        options,
        variables.ToDictionary(variable => variable.Name, variable => variable.Value),
        [InNamespace.Program, .. InNamespace.Arguments(_namespace)]);

    /// <summary>What it says as JSON.</summary>
    internal async Task<ConsulCensus> CountAsync(IEnumerable<string> options, params IEnumerable<(string Name, string Value)> variables)
    {
        (int exitCode, string output, string errors) = await OnceAsync([.. options, "--output", "json"], variables);
        return ConsulCensus.Parse(exitCode, output, errors);
    }

    /// <summary>
    /// Holds the agent against the truth: the slots that a client holds are those of the limit that Consul does not give to it any more.
    /// </summary>
    /// <returns>What the agent said.</returns>
    internal async Task<ConsulCensus> SlotForSlotAsync(int limit, IEnumerable<(string Client, int Held)> clients, params int[] ports)
    {
        ConsulCensus census = await CountAsync(["--watch", "consul", "--limit", $"{limit}", .. Ports(ports)]);
        Assert.Equal((0, ""), (census.ExitCode, census.Errors));
        foreach ((string client, int held) in clients)
        {
            Assert.Equal((client, held), (client, census.HeldBy(client)));
            Assert.Equal((client, limit - held), (client, Clients.TakesMore(client, to: client.Contains(':') ? "::1" : "127.0.0.1")));
        }

        return census;
    }

    /// <summary>The kernel's own table of the sockets here, over IPv4.</summary>
    internal IReadOnlyList<KernelTable.Row> Table() => KernelTable.Read(_namespace);

    internal static IEnumerable<string> Ports(IEnumerable<int> ports) => ports.SelectMany(port => new[] { "--port", $"{port}" });

    public void Dispose()
    {
        Clients.Dispose();
        _consul?.Dispose();
        _namespace.Dispose();
    }
}
