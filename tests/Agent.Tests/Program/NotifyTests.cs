using Testing;

namespace Agent.Tests.Program;

/// <summary>The messages of the program to a service manager, as systemd receives them.</summary>
[StartsProgram]
public sealed class NotifyTests : IDisposable
{
    private readonly Scratch _scratch = new();
    private readonly NotifyListener _manager;
    private readonly Dictionary<string, string> _environment;

    public NotifyTests()
    {
        _manager = new NotifyListener(_scratch["notify"]);
        _environment = new() { ["NOTIFY_SOCKET"] = _manager.Address };
    }

    private string File => _scratch["out/tcp_connections.prom"];

    [Fact]
    public async Task Readiness_is_sent_after_the_first_publication_and_the_stop_at_the_end()
    {
        using AgentProcess agent = Start("1s");

        Assert.Equal($"READY=1\nSTATUS=counting every 1s, writing {File}\nWATCHDOG=1\n", await _manager.Receive());
        Assert.True(System.IO.File.Exists(File));
        agent.Signal(15);
        Assert.Equal("STOPPING=1\nSTATUS=ending\n", await _manager.Receive());
        Assert.Equal(0, await agent.Exit());
    }

    [Fact]
    public async Task Status_has_the_current_error()
    {
        using TestNamespace host = new();
        string link = _scratch["ns"];
        using AgentProcess agent = Start("20ms", "--netns", link);
        Assert.StartsWith("READY=1\nSTATUS=cannot measure: opening network namespace", await _manager.Receive());

        System.IO.File.CreateSymbolicLink(link, host.Path);
        await _manager.ReceiveUntil($"STATUS=counting every 20ms, writing {File}");
    }

    [Fact]
    public async Task Watchdog_message_is_sent_during_a_long_interval()
    {
        _environment["WATCHDOG_USEC"] = "600000";
        using AgentProcess agent = Start("24h");
        Assert.Contains("READY=1", await _manager.Receive());
        Assert.Equal("WATCHDOG=1\n", await _manager.Receive());
        Assert.Equal("WATCHDOG=1\n", await _manager.Receive());

        agent.Signal(15);
        await _manager.ReceiveUntil("STOPPING=1");
        Assert.Equal(0, await agent.Exit());
    }

    [Fact]
    public async Task Second_agent_on_the_same_file_is_never_ready()
    {
        using AgentProcess first = Start("1s");
        await _manager.ReceiveUntil("READY=1");
        using NotifyListener second = new(_scratch["second"]);
        _environment["NOTIFY_SOCKET"] = second.Address;

        using AgentProcess agent = Start("1s");
        Assert.Equal(64, await agent.Exit());
        Assert.False(second.HasMessage);
    }

    public void Dispose()
    {
        _manager.Dispose();
        _scratch.Dispose();
    }

    private AgentProcess Start(string interval, params string[] further) =>
        AgentProcess.Start(["--interval", interval, "--textfile-directory", _scratch["out"], .. further], _environment);
}
