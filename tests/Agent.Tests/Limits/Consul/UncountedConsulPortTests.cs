using System.Diagnostics;
using System.Net;
using Agent.Hosting;
using Agent.Limits;
using Agent.Limits.Consul;
using Agent.Tests.Hosting;
using Agent.Watching;
using Agent.Workloads;
using Netlink;
using Testing;

namespace Agent.Tests.Limits.Consul;

public sealed class UncountedConsulPortTests : IDisposable
{
    private static readonly Watch Http = new("consul", [8500]) { Limit = new ClientLimit(200, "default") };
    private static readonly Watch Https = Http with { Ports = [8501] };

    private readonly TestNamespace _host = new();

    public void Dispose() => _host.Dispose();

    [Fact]
    public void Uncounted_port_of_a_process_that_listens_on_both_is_reported()
    {
        using Connections http = new(_host, 8500);
        Assert.Null(Find(Http));
        using Connections https = new(_host, 8501);
        Assert.Equal(
            "consul: the process that listens on port 8500 also listens on 8501, and Consul's limit counts both together; add port 8501 to the watch",
            Find(Http));
        Assert.Contains("listens on port 8501 also listens on 8500", Find(Https));
        // Also beside other ports, and for a watch of another name that asks Consul and does not know its limit yet.
        Assert.NotNull(Find(Http with { Ports = [80, 8500] }));
        Assert.NotNull(Find(new Watch("web", [8500]) { LimitFrom = new ConsulEndpoint(new Uri("http://127.0.0.1:8500")), Limit = ClientLimit.NotAsked }));
    }

    [Fact]
    public void Watch_of_both_ports_or_of_another_service_is_not_reported()
    {
        using Connections http = new(_host, 8500);
        using Connections https = new(_host, 8501);
        Assert.Null(Find(Http with { Ports = [8500, 8501] }));
        Assert.Null(Find(Http with { Ports = [80] }));
        Assert.Null(Find(Http with { Name = "web" }));
        Assert.Null(Find(Http with { Limit = new ClientLimit(null, "--limit") }));
    }

    [Fact]
    public async Task Two_processes_do_not_share_a_limit()
    {
        using Connections http = new(_host, 8500);
        string python = Requires.Program("python3", "python3");
        using Process other = new()
        {
            StartInfo = new ProcessStartInfo(
                InNamespace.Program,
                InNamespace.Arguments(_host, [python, "-c", "import socket, sys; s = socket.create_server(('127.0.0.1', 8501)); sys.stdin.read()"]))
            {
                RedirectStandardInput = true,
            },
        };
        Starting.Start(other);
        await Poll.Until(() => _host.Run(() => Listening.At(new IPEndPoint(IPAddress.Loopback, 8501))), "the other process listens");
        Assert.Null(Find(Http));
        other.StandardInput.Close();
        await other.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Daemon_checks_every_minute_and_reports_once()
    {
        ManualTime time = new();
        RecordingLogger<UncountedConsulPortNotices> log = new();
        WatchedNamespace where = new(NetworkNamespace.Parse(_host.Path), "x", [Http]);
        UncountedConsulPortNotices notices = new(() => [where], time, log);
        using Connections http = new(_host, 8500);
        using Census census = new(where, time, keepsPeaks: false);
        await notices.CheckAfter(census.Take());

        using Connections https = new(_host, 8501);
        await notices.CheckAfter(census.Take());
        Assert.Empty(log.Lines);
        for (int minute = 1; minute <= 3; minute++)
        {
            time.Leap(TimeSpan.FromMinutes(1));
            await notices.CheckAfter(census.Take());
        }

        Assert.Equal($"Warning: {Find(Http)}", Assert.Single(log.Lines));
    }

    private string? Find(Watch watch) => UncountedConsulPort.Find(NetworkNamespace.Parse(_host.Path), watch);
}
