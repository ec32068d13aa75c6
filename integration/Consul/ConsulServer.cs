using System.Net;
using Testing;

namespace Integration.Consul;

/// <summary>A real Consul with its default ports in the test's own network namespace. It keeps its data in memory.</summary>
internal sealed class ConsulServer : IDisposable
{
    internal const int HttpPort = 8500;
    internal const int HttpsPort = 8501;
    internal const int ServerPort = 8300;
    internal const int GrpcPort = 8502;
    internal const int DnsPort = 8600;

    private readonly TestNamespace _namespace;
    private readonly Scratch _scratch = new();
    private readonly BackgroundProgram _program;

    private ConsulServer(
        TestNamespace @in, string program, bool answers429, int? limit, string settings, IEnumerable<string> variables)
    {
        _namespace = @in;
        Answers429 = answers429;
        Write(limit, settings);
        _program = new BackgroundProgram(
            InNamespace.Program,
            InNamespace.Arguments(@in, ["env", .. variables, program, "agent", "-dev", "-bind=127.0.0.1", "-node=test", $"-config-file={_scratch["consul.json"]}"]));
    }

    /// <summary>Whether it answers 429 to a client at the limit. Consul up to 1.8 closes the connection without a response.</summary>
    internal bool Answers429 { get; }

    /// <summary>Starts Consul and waits until it has a leader and answers requests.</summary>
    /// <param name="in">The network namespace.</param>
    /// <param name="limit">The value of <c>http_max_conns_per_client</c>; null for Consul's default.</param>
    /// <param name="settings">More members of its configuration, as JSON.</param>
    /// <param name="variables">Variables of its environment, added to those of the test: <c>NAME=VALUE</c>.</param>
    internal static async Task<ConsulServer> StartAsync(TestNamespace @in, int? limit, string settings = "", params IEnumerable<string> variables)
    {
        string program = await ConsulProgram.RequireAsync();
        ConsulServer consul = new(@in, program, await ConsulProgram.Answers429Async(program), limit, settings, variables);
        try
        {
            await consul._program.Until(consul.IsReady, "Consul has a leader");
            return consul;
        }
        catch
        {
            consul.Dispose();
            throw;
        }
    }

    /// <summary>Makes Consul reload its configuration, with another limit.</summary>
    internal void Reload(int limit)
    {
        Write(limit, "");
        _program.Signal(NativeMethods.SIGHUP);
    }

    /// <summary>Pauses Consul with SIGSTOP and waits until all of its threads are stopped. Then it accepts no connections.</summary>
    internal Task PauseAsync()
    {
        _program.Signal(NativeMethods.SIGSTOP);
        // The kernel stops one thread after the other.
        return _program.Until(
            () => Directory.EnumerateFiles($"/proc/{_program.Id}/task", "stat", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 })
                .All(file => StateOf(File.ReadAllText(file)) == 'T'),
            "all threads of Consul are stopped");
    }

    internal void Continue() => _program.Signal(NativeMethods.SIGCONT);

    public void Dispose()
    {
        _program.Dispose();
        _scratch.Dispose();
    }

    // By default Consul ends an unfinished handshake after 5 s. A slow machine needs longer to count it.
    private void Write(int? limit, string settings) => File.WriteAllText(_scratch["consul.json"], $$"""
        {
          "limits": { {{(limit is null ? "" : $"\"http_max_conns_per_client\": {limit}, ")}}"https_handshake_timeout": "10m" }
          {{(settings.Length == 0 ? "" : $", {settings}")}}
        }
        """);

    // proc_pid_stat(5): the state follows the name in parentheses, and the name may contain parentheses.
    private static char StateOf(string stat) => stat[stat.LastIndexOf(')') + 2];

    private bool IsReady()
    {
        if (!_namespace.Run(() => Listening.At(new IPEndPoint(IPAddress.Loopback, HttpPort))))
        {
            return false;
        }

        using ConsulClients clients = new(_namespace);
        return clients.Call("GET /v1/status/leader") is (200, { } leader) && leader.Contains(":8300", StringComparison.Ordinal);
    }
}
