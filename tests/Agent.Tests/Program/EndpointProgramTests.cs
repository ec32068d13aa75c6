using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Agent.Watching;
using Testing;

namespace Agent.Tests.Program;

/// <summary>The program with its endpoint, as Prometheus and operators use it.</summary>
[StartsProgram]
public sealed partial class EndpointProgramTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly TestNamespace _host = new();
    private readonly string _address = $"127.0.0.1:{FreePort.Next()}";
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });

    public void Dispose()
    {
        _client.Dispose();
        _host.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Endpoint_has_the_metrics_of_the_textfile_and_more()
    {
        using Connections server = new(_host, 8500);
        server.Accept(5);
        using AgentProcess agent = Start("--netns", _host.Path, "--textfile-directory", _scratch["out"]);
        string metrics = await Metrics(text => text.Contains("tcp_connections{port=\"8500\",protocol=\"ipv4\"} 5\n"));
        await Poll.Until(() => File.Exists(_scratch["out/tcp_connections.prom"]), "the textfile exists");
        string textfile = await File.ReadAllTextAsync(_scratch["out/tcp_connections.prom"], TestContext.Current.CancellationToken);

        string[] connections = [.. textfile.Split('\n').Where(line => line.StartsWith("tcp_", StringComparison.Ordinal))];
        Assert.NotEmpty(connections);
        // The server is this process, whose open files come and go between two censuses, and so often that a look may have to wait.
        string compared = ValuesOfTheServerProcess().Replace(metrics, "$1 ...");
        Assert.All(connections, line => Assert.Contains(ValuesOfTheServerProcess().Replace(line, "$1 ...") + "\n", compared));
        foreach (string line in (string[])
        [
            "sockdiag_tasks_running 3\n", "sockdiag_task_starts_total{task=\"census\"} 1\n", "sockdiag_task_starts_total{task=\"endpoint\"} 1\n",
            "sockdiag_task_starts_total{task=\"textfile\"} 1\n", "sockdiag_watch_success{watch=\"consul\"} 1\n",
            "sockdiag_census_duration_seconds_bucket{le=\"+Inf\"} ", "process_resident_memory_bytes ",
        ])
        {
            Assert.Contains("\n" + line, metrics);
            Assert.DoesNotContain("\n" + line, textfile);
        }

        Assert.DoesNotContain("\nsockdiag_config_", metrics);
        Assert.DoesNotContain("sockdiag_task_failures_total{", metrics);
        Assert.StartsWith("{\"ready\":true", await _client.GetStringAsync(new Uri($"http://{_address}/ready"), TestContext.Current.CancellationToken));
        await StopsCleanly(agent);
    }

    [Fact]
    public async Task Failed_census_affects_only_its_own_metrics()
    {
        File.CreateSymbolicLink(_scratch["ns"], _host.Path);
        using AgentProcess agent = Start("--netns", _scratch["ns"], "--textfile-directory", _scratch["out"]);
        await Metrics(text => text.Contains("sockdiag_census_success 1\n"));
        File.Delete(_scratch["ns"]);
        string metrics = await Metrics(text => Regex.IsMatch(
            text, "\nsockdiag_task_failures_total\\{task=\"census\",error_type=\"netlink\"\\} ([3-9]|[1-9][0-9]+)\n"));

        Assert.Contains("\nsockdiag_census_success 0\n", metrics);
        Assert.Contains("\nsockdiag_watch_success{watch=\"consul\"} 0\n", metrics);
        Assert.DoesNotContain("\ntcp_", metrics);
        Assert.DoesNotContain("failures_total{task=\"endpoint\",", metrics);
        Assert.DoesNotContain("failures_total{task=\"textfile\",", metrics);
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync(new Uri($"http://{_address}/health"), TestContext.Current.CancellationToken)).StatusCode);

        File.CreateSymbolicLink(_scratch["ns"], _host.Path);
        await Metrics(text => text.Contains("sockdiag_watch_success{watch=\"consul\"} 1\n"));
        await StopsCleanly(agent);
        Assert.Collection(
            LogLines(agent),
            line => Assert.Contains("consul.ports", line),
            line => Assert.Contains("cannot measure: ", line),
            line => Assert.Contains("can measure again", line));
    }

    [Fact]
    public async Task Hanging_disk_is_logged_by_its_task_and_does_not_delay_other_tasks()
    {
        using Connections server = new(_host, 8500);
        server.Accept(2);
        await using FreezableDisk disk = await FreezableDisk.Mount(_scratch["disk"]);
        using AgentProcess agent = Start("--netns", _host.Path, "--textfile-directory", disk.Path);
        await Poll.Until(() => File.Exists(_scratch["disk/tcp_connections.prom"]), "the agent publishes");

        await using (await disk.Freeze())
        {
            string metrics = await Metrics(text => text.Contains("sockdiag_task_failures_total{task=\"textfile\",error_type=\"timeout\"} 1\n"));
            Assert.Single(metrics.Split('\n'), line => line.StartsWith("sockdiag_task_failures_total{", StringComparison.Ordinal));
            server.Accept(3);
            await Metrics(text => text.Contains("tcp_connections{port=\"8500\",protocol=\"ipv4\"} 5\n"));
        }

        await Poll.Until(() => agent.Errors.Contains("can write ", StringComparison.Ordinal), "the recovery is logged");
        await Poll.Until(
            () => File.ReadAllText(_scratch["disk/tcp_connections.prom"]).Contains("protocol=\"ipv4\"} 5\n", StringComparison.Ordinal),
            "the textfile has the new count");
        await StopsCleanly(agent);
        Assert.Collection(
            LogLines(agent),
            line => Assert.Contains("consul.ports", line),
            line => Assert.Contains("tcp_connections.prom: no sign of life for 10s; it is stuck", line),
            line => Assert.Contains("tcp_connections.prom again", line));
    }

    [Fact]
    public async Task Agent_that_never_counted_is_alive_and_not_ready()
    {
        using AgentProcess agent = Start("--netns", _scratch["nowhere"], "--textfile-directory", "none");
        await Metrics(text => text.Contains("sockdiag_census_success 0\n"));
        HttpResponseMessage ready = await _client.GetAsync(new Uri($"http://{_address}/ready"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Contains("opening network namespace", await ready.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        await StopsCleanly(agent);
    }

    [Fact]
    public async Task Reload_turns_the_endpoint_on_and_off_and_is_in_the_metrics()
    {
        string config = _scratch["agent.json"];
        Write(config, "");
        using AgentProcess agent = AgentProcess.Start(["--config", config]);
        await Poll.Until(() => File.Exists(_scratch["out/tcp_connections.prom"]), "the agent publishes");
        WriteWithEndpoint(requestsPerMinute: 1_000_000);
        string metrics = await Metrics(text => text.Contains("\nsockdiag_task_restarts_total{task=\"census\",reason=\"reload\"} 1\n"));
        Assert.Contains("\nsockdiag_config_last_reload_success_timestamp_seconds ", metrics);
        Assert.Contains("\nsockdiag_config_last_reload_successful 1\n", metrics);

        await File.WriteAllTextAsync(config, "{", TestContext.Current.CancellationToken);
        await Metrics(text => text.Contains("\nsockdiag_config_last_reload_successful 0\n"));
        Write(config, "");
        await Poll.Until(() => !Listening.At(IPEndPoint.Parse(_address)), "the endpoint is off");

        // The registry outlives the endpoint: none of its counters falls, and each one keeps counting.
        WriteWithEndpoint(requestsPerMinute: 1_000_000);
        await Metrics(text => text.Contains("\nsockdiag_task_starts_total{task=\"endpoint\"} 2\n")
            && text.Contains("\nsockdiag_task_restarts_total{task=\"census\",reason=\"reload\"} 3\n"));
        WriteWithEndpoint(requestsPerMinute: 999_999);
        await Metrics(text => text.Contains("\nsockdiag_task_starts_total{task=\"endpoint\"} 3\n"));
        await StopsCleanly(agent);

        void WriteWithEndpoint(int requestsPerMinute) =>
            Write(config, $$""", "endpoint": { "listen": ["{{_address}}"], "requestsPerMinute": {{requestsPerMinute}} }""");
    }

    [Fact]
    public async Task Thousand_concurrent_scrapes_are_complete_and_censuses_continue()
    {
        using Connections server = new(_host, 8500);
        server.Accept(5);
        using AgentProcess agent = Start("--netns", _host.Path, "--textfile-directory", "none");
        long before = Censuses(await Metrics(text => text.Contains("tcp_connections{port=\"8500\",protocol=\"ipv4\"} 5\n")));
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => ScrapeFrom($"127.0.{1 + (i % 100)}.1")));
        Assert.All(answers, answer =>
        {
            Assert.Contains("\ntcp_connections{port=\"8500\",protocol=\"ipv4\"} 5\n", answer);
            Assert.Contains("\ndotnet_monitor_lock_contentions_total ", answer);
            Assert.EndsWith("\n", answer);
        });
        string after = await Metrics(text => Censuses(text) > before + 1);
        Assert.DoesNotContain("sockdiag_task_failures_total{", after);
        await StopsCleanly(agent);
    }

    [Fact]
    public async Task Second_signal_ends_the_agent_at_once()
    {
        using TestAuthority authority = new(_scratch, "ca");
        (string certificateFile, string keyFile) = authority.Client("agent");
        // If the machine pauses, the agent may end before the second signal.
        int exitCode = 0;
        for (int round = 0; round < 5 && exitCode == 0; round++)
        {
            using AgentProcess agent = Start(
                "--netns", _host.Path, "--textfile-directory", "none",
                "--listen-certificate-file", certificateFile, "--listen-key-file", keyFile);
            await Poll.Until(() => agent.Errors.Contains("listening on https://"), $"the endpoint listens; the log: {agent.Errors}");
            // An unfinished handshake delays the stop, which waits for it.
            using TcpClient silent = new();
            await silent.ConnectAsync(IPEndPoint.Parse(_address), TestContext.Current.CancellationToken);
            await silent.GetStream().WriteAsync(new byte[] { 0x16, 0x03, 0x01 }, TestContext.Current.CancellationToken);
            await Accepted(silent);

            agent.Signal(15);
            await Poll.Until(() => agent.HasExited || NativeMethods.kill(agent.Id, 2) != 0, "the agent ends");
            exitCode = await agent.Exit();
        }

        Assert.Equal(128 + 2, exitCode);
    }

    /// <summary>Waits until the server has accepted this connection, its only one. For the client, connect(2) returns earlier.</summary>
    private static async Task Accepted(TcpClient client)
    {
        Watch port = new("endpoint", [(ushort)((IPEndPoint)client.Client.RemoteEndPoint!).Port]);
        using Census census = new(new WatchedNamespace(null, null, [port]), TimeProvider.System, keepsPeaks: false);
        await Poll.For(
            () => Assert.Single(census.Take().Ports), connections => connections is { Ipv4: 1, Unaccepted: 0 }, "the connection is accepted");
    }

    private static long Censuses(string metrics) =>
        long.Parse(Regex.Match(metrics, "\nsockdiag_census_duration_seconds_count ([0-9]+)\n").Groups[1].Value, CultureInfo.InvariantCulture);

    private async Task<string> ScrapeFrom(string address)
    {
        using HttpClient client = new(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancellationToken) =>
            {
                Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
                await socket.ConnectAsync(IPEndPoint.Parse(_address), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        return await client.GetStringAsync(new Uri($"http://{_address}/metrics"), TestContext.Current.CancellationToken);
    }

    /// <summary>The lines of the log without those of the endpoint.</summary>
    private static IEnumerable<string> LogLines(AgentProcess agent) =>
        agent.Errors.TrimEnd().Split('\n').Where(line => !line.Contains("info: Agent.Publishing", StringComparison.Ordinal));

    private static async Task StopsCleanly(AgentProcess agent)
    {
        agent.Signal(15);
        Assert.Equal(0, await agent.Exit());
    }

    private AgentProcess Start(params string[] arguments) => AgentProcess.Start(["--interval", "50ms", "--listen", _address, .. arguments]);

    private void Write(string config, string further)
    {
        File.WriteAllText(
            _scratch["next"], $$"""{ "interval": "50ms", "netns": "{{_host.Path}}", "textfileDirectory": "{{_scratch["out"]}}"{{further}} }""");
        File.Move(_scratch["next"], config, overwrite: true);
    }

    private Task<string> Metrics(Func<string, bool> condition) => Poll.For(() => Try() ?? "", condition, "the metrics match the condition");

    private string? Try()
    {
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, new Uri($"http://{_address}/metrics"));
            using HttpResponseMessage response = _client.Send(request, TestContext.Current.CancellationToken);
            using StreamReader text = new(response.Content.ReadAsStream(TestContext.Current.CancellationToken));
            return response.IsSuccessStatusCode ? text.ReadToEnd() : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"^(tcp_server_open_files\{[^}]*\}|tcp_dead_connections_age_seconds) [0-9.eE-]+", RegexOptions.Multiline)]
    private static partial Regex ValuesOfTheServerProcess();
}
