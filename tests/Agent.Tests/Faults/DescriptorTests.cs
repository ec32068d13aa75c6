using Testing;

namespace Agent.Tests.Faults;

/// <summary>The daemon that may open no file for a while (EMFILE): it cannot write, and nothing else has happened.</summary>
public sealed class DescriptorTests : IDisposable
{
    private const int None = 1;
    private const int Plenty = 1024;

    private readonly Scratch _scratch = new();
    private readonly TestNamespace _host = new();

    [Fact]
    public async Task Descriptors_that_run_out_are_told_once_and_their_end_once()
    {
        using Connections server = new(_host, 8500);
        server.Accept(3);
        using WatchedDaemon daemon = new(_host, _scratch["out"]);
        await daemon.Publishes(3);

        await Allow(daemon, None);
        server.Accept(2);
        await daemon.SaysNoMoreThan(1);
        await Allow(daemon, Plenty);
        await daemon.Publishes(5);
        await daemon.SaysNoMoreThan(2);
        Assert.Contains("Too many open files", daemon.Lines[0]);
    }

    [Fact]
    public async Task A_lock_that_cannot_be_opened_for_want_of_descriptors_is_not_another_agents()
    {
        // A directory in which an agent was killed, put in the place of the one that this agent writes.
        Directory.CreateDirectory(_scratch["other"]);
        await File.WriteAllTextAsync(_scratch["other/tcp_connections.prom.lock"], "", TestContext.Current.CancellationToken);
        using Connections server = new(_host, 8500);
        server.Accept(3);
        using WatchedDaemon daemon = new(_host, _scratch["out"]);
        await daemon.Publishes(3);

        await Allow(daemon, None);
        await daemon.WhileStopped(() =>
        {
            Directory.Move(_scratch["out"], _scratch["aside"]);
            Directory.Move(_scratch["other"], _scratch["out"]);
        });
        await daemon.SaysNoMoreThan(1);
        await Allow(daemon, Plenty);
        await daemon.Publishes(3);
        await daemon.SaysNoMoreThan(2);
    }

    public void Dispose()
    {
        _host.Dispose();
        _scratch.Dispose();
    }

    private static async Task Allow(WatchedDaemon daemon, int descriptors)
    {
        string prlimit = Requires.Program("prlimit", "util-linux");
        Assert.Equal((0, ""), await Tool.Run(prlimit, [$"--pid={daemon.Id}", $"--nofile={descriptors}:{Plenty}"]));
    }
}
