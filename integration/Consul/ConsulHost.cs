using Testing;

namespace Integration.Consul;

/// <summary>A host with a real Consul on it, clients of that, and the agent: a network namespace of the test's own.</summary>
internal sealed class ConsulHost : IDisposable
{
    private readonly TestNamespace _namespace = new();
    private ConsulServer? _consul;

    private ConsulHost() => Clients = new ConsulClients(_namespace);

    internal ConsulServer Consul => _consul!;

    internal ConsulClients Clients { get; }

    /// <summary>Starts a Consul with a limit; its default where that is null.</summary>
    internal static async Task<ConsulHost> StartAsync(int? limit, string settings = "")
    {
        ConsulHost host = new();
        try
        {
            await host.RestartAsync(limit, settings);
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>Kills Consul, and starts another one in its place.</summary>
    internal async Task RestartAsync(int? limit, string settings = "")
    {
        _consul?.Dispose();
        _consul = null;
        _consul = await ConsulServer.StartAsync(_namespace, limit, settings);
    }

    /// <summary><c>agent --once</c> in this namespace, where it also asks Consul for the limit.</summary>
    internal Task<(int ExitCode, string Output, string Errors)> OnceAsync(IEnumerable<string> options, params (string Name, string Value)[] variables) =>
        OnceThroughAsync([], options, variables);

    /// <summary>The same, with a command that starts it.</summary>
    internal Task<(int ExitCode, string Output, string Errors)> OnceThroughAsync(
        IEnumerable<string> through, IEnumerable<string> options, params (string Name, string Value)[] variables) => AgentProcess.Run(
            ["--once", .. options],
            variables.ToDictionary(variable => variable.Name, variable => variable.Value),
            [InNamespace.Program, .. InNamespace.Arguments(_namespace), .. through]);

    /// <summary>What it says as JSON.</summary>
    internal async Task<ConsulCensus> CountAsync(IEnumerable<string> options, params (string Name, string Value)[] variables)
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
