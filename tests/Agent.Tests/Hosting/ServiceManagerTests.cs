using System.Globalization;
using Agent.Hosting;
using Testing;

namespace Agent.Tests.Hosting;

/// <summary>The messages to a service manager, on a real socket and a clock that the test sets.</summary>
public sealed class ServiceManagerTests : IDisposable
{
    private const string Counting = "counting";
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly Scratch _scratch = new();
    private readonly ManualTime _time = new();
    private readonly RecordingLogger<ServiceManager> _log = new();
    private readonly Dictionary<string, string> _environment = [];
    private readonly NotifyListener _listener;

    public ServiceManagerTests()
    {
        _listener = new NotifyListener(_scratch["notify"]);
        _environment["NOTIFY_SOCKET"] = _listener.Address;
    }

    [Fact]
    public async Task First_report_sends_readiness_and_later_reports_send_only_changes_of_state()
    {
        using ServiceManager manager = Manager();
        manager.Report(Counting);
        Assert.Equal("READY=1\nSTATUS=counting\nWATCHDOG=1\n", await _listener.Receive());

        manager.Report(Counting);
        manager.Report("cannot measure: no answer");
        Assert.Equal("STATUS=cannot measure: no answer\nWATCHDOG=1\n", await _listener.Receive());
        manager.Report("cannot measure: no answer; cannot write: disk full");
        Assert.Equal("STATUS=cannot measure: no answer; cannot write: disk full\nWATCHDOG=1\n", await _listener.Receive());
        manager.Report("cannot write: disk full");
        Assert.Equal("STATUS=cannot write: disk full\nWATCHDOG=1\n", await _listener.Receive());
        manager.Report(Counting);
        Assert.Equal("STATUS=counting\nWATCHDOG=1\n", await _listener.Receive());
        Assert.False(_listener.HasMessage);
    }

    [Fact]
    public async Task Agent_that_cannot_count_is_ready()
    {
        using ServiceManager manager = Manager();
        manager.Report("cannot measure: one\nREADY=0");
        Assert.Equal("READY=1\nSTATUS=cannot measure: one READY=0\nWATCHDOG=1\n", await _listener.Receive());
    }

    [Fact]
    public async Task Watchdog_message_is_sent_three_times_within_the_timeout()
    {
        _environment["WATCHDOG_USEC"] = "3000000";
        _environment["WATCHDOG_PID"] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        using ServiceManager manager = Manager();
        Assert.Equal(Second, manager.WatchdogPause);
        manager.Report(Counting);
        Assert.Contains("READY=1", await _listener.Receive());

        _time.Leap(Second * 0.9);
        manager.Report(Counting);
        manager.Report(Counting);
        Assert.False(_listener.HasMessage);

        _time.Leap(Second * 0.1);
        manager.Report(Counting);
        Assert.Equal("WATCHDOG=1\n", await _listener.Receive());
        manager.Report(Counting);
        Assert.False(_listener.HasMessage);

        _time.Leap(Second);
        manager.Report(Counting);
        Assert.Equal("WATCHDOG=1\n", await _listener.Receive());
    }

    [Fact]
    public async Task Ping_that_could_not_be_sent_is_due_at_once()
    {
        string late = _scratch["late"];
        _environment["NOTIFY_SOCKET"] = late;
        _environment["WATCHDOG_USEC"] = "30000000";
        using ServiceManager manager = Manager();
        using (NotifyListener first = new(late))
        {
            Assert.True(manager.Report(Counting));
            Assert.Contains("READY=1", await first.Receive());
        }

        File.Delete(late);
        _time.Leap(TimeSpan.FromSeconds(10));
        Assert.False(manager.Report(Counting));
        Assert.True(manager.UntilPing <= TimeSpan.Zero);

        using NotifyListener second = new(late);
        _time.Leap(Second);
        Assert.True(manager.Report(Counting));
        Assert.Equal("WATCHDOG=1\n", await second.Receive());
        Assert.Equal(TimeSpan.FromSeconds(10), manager.UntilPing);
        _time.Leap(TimeSpan.FromSeconds(4));
        Assert.Equal(TimeSpan.FromSeconds(6), manager.UntilPing);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("0", null)]
    [InlineData("-1", null)]
    [InlineData("30s", null)]
    [InlineData("18446744073709551615", null)]
    [InlineData("9223372036854775807", null)]
    [InlineData("3000000", "1")]
    public void Watchdog_is_off_without_a_valid_timeout_and_for_another_process(string microseconds, string? pid)
    {
        _environment["WATCHDOG_USEC"] = microseconds;
        _environment["WATCHDOG_PID"] = pid ?? "";
        using ServiceManager manager = Manager();
        Assert.Null(manager.WatchdogPause);
    }

    [Fact]
    public void Shortest_watchdog_timeout_does_not_cause_a_busy_loop()
    {
        _environment["WATCHDOG_USEC"] = "1";
        using ServiceManager manager = Manager();
        Assert.Equal(TimeSpan.FromMilliseconds(1), manager.WatchdogPause);
    }

    [Fact]
    public async Task Reload_sends_its_start_time_and_its_end()
    {
        using ServiceManager manager = Manager(TimeProvider.System);
        manager.Report(Counting);
        Assert.Contains("READY=1", await _listener.Receive());

        long before = MonotonicMicroseconds();
        manager.Reloading();
        long after = MonotonicMicroseconds();

        string[] lines = (await _listener.Receive()).Split('\n');
        Assert.Equal("RELOADING=1", lines[0]);
        Assert.StartsWith("MONOTONIC_USEC=", lines[1]);
        Assert.InRange(long.Parse(lines[1]["MONOTONIC_USEC=".Length..], CultureInfo.InvariantCulture), before, after);
        manager.Reloaded();
        Assert.Equal("READY=1\n", await _listener.Receive());
    }

    [Fact]
    public async Task Reload_does_not_make_an_agent_ready()
    {
        using ServiceManager manager = Manager();
        manager.Reloading();
        Assert.StartsWith("RELOADING=1\n", await _listener.Receive());
        manager.Reloaded();
        Assert.False(_listener.HasMessage);
    }

    [Fact]
    public async Task Stop_is_sent()
    {
        using ServiceManager manager = Manager();
        manager.Stopping();
        Assert.Equal("STOPPING=1\nSTATUS=ending\n", await _listener.Receive());
    }

    [Fact]
    public async Task Abstract_socket_is_supported()
    {
        using NotifyListener listener = new($"@agent-test-{Guid.NewGuid():N}");
        _environment["NOTIFY_SOCKET"] = listener.Address;
        using ServiceManager manager = Manager();
        manager.Report(Counting);
        Assert.Contains("READY=1", await listener.Receive());
    }

    [Fact]
    public async Task Unsent_message_is_sent_later_and_logged_once()
    {
        string late = _scratch["late"];
        _environment["NOTIFY_SOCKET"] = late;
        using ServiceManager manager = Manager();
        manager.Report(Counting);
        manager.Report(Counting);
        manager.Stopping();
        Assert.Equal(
            $"Warning: cannot send the status to the service manager: NOTIFY_SOCKET '{late}' does not exist; "
                + "unset it where no service manager waits for the agent; trying again each second",
            Assert.Single(_log.Lines));

        using NotifyListener listener = new(late);
        manager.Report(Counting);
        Assert.Contains("READY=1", await listener.Receive());
    }

    [Fact]
    public async Task Unsent_end_of_a_reload_requests_a_report_that_sends_it()
    {
        string late = _scratch["late"];
        _environment["NOTIFY_SOCKET"] = late;
        using ServiceManager manager = Manager();
        int requested = 0;
        manager.ReportNeeded += () => requested++;
        using (NotifyListener before = new(late))
        {
            manager.Report(Counting);
            Assert.Contains("READY=1", await before.Receive());
            manager.Reloading();
            manager.Reloaded();
            Assert.Equal(0, requested);
        }

        File.Delete(late);
        manager.Reloading();
        manager.Reloaded();
        Assert.Equal(1, requested);
        using NotifyListener listener = new(late);
        Assert.True(manager.Report(Counting));
        Assert.Equal("READY=1\nSTATUS=counting\nWATCHDOG=1\n", await listener.Receive());
    }

    [Fact]
    public async Task Watchdog_message_is_sent_within_a_second_after_a_task_stops_hanging()
    {
        _environment["WATCHDOG_USEC"] = "180000000";
        using ServiceManager manager = Manager();
        using Supervisor supervisor = new(_time, new RecordingLogger<Supervisor>());
        FakeTask task = new("one") { Time = _time };
        await supervisor.ReplaceAsync([task, new ServiceManagerTask(manager, supervisor, () => Counting, _time)]);
        task.Succeed();
        await _listener.ReceiveUntil("READY=1");
        await Waiting();
        _time.Leap(TimeSpan.FromMinutes(1));
        await Waiting();
        Assert.True(supervisor.Hangs);
        Assert.False(_listener.HasMessage);

        task.Succeed();
        await Poll.Until(() => !supervisor.Hangs, "the task continues");
        _time.Leap(Second);
        Assert.Equal("WATCHDOG=1\n", await _listener.Receive());
        await supervisor.StopAsync();

        Task Waiting() => Poll.Until(() => _time.Waiting == 1, "the task of the service manager waits");
    }

    [Fact]
    public async Task Service_manager_that_does_not_read_does_not_block_the_agent()
    {
        using ServiceManager manager = Manager();
        for (int report = 0; _log.Lines.Count == 0; report++)
        {
            // Each report changes the state, until the queue of the socket is full.
            manager.Report($"cannot measure: failure {report}");
        }

        await _listener.ReceiveUntil("STATUS=cannot measure: failure 0");
        manager.Report("cannot measure: at last");
        await _listener.ReceiveUntil("STATUS=cannot measure: at last");
    }

    [Fact]
    public void Socket_without_a_service_manager_is_named()
    {
        string left = _scratch["left"];
        new NotifyListener(left).Dispose();
        foreach (string address in (string[])[$"@agent-test-{Guid.NewGuid():N}", File.Exists(left) ? left : "@agent-test-left"])
        {
            _environment["NOTIFY_SOCKET"] = address;
            using ServiceManager manager = Manager();
            manager.Report(Counting);
            Assert.EndsWith(
                $"to the service manager: no service manager listens at NOTIFY_SOCKET '{address}'; "
                    + "unset it where none waits for the agent; trying again each second",
                _log.Lines[^1]);
        }
    }

    [Theory]
    [InlineData("vsock:2:1234", "neither a path nor an abstract name")]
    [InlineData("notify", "neither a path nor an abstract name")]
    public void Invalid_address_is_logged_once(string address, string reason)
    {
        _environment["NOTIFY_SOCKET"] = address;
        using ServiceManager manager = Manager();
        manager.Report(Counting);
        Assert.StartsWith(
            $"Warning: cannot report to the service manager: NOTIFY_SOCKET '{address}': {reason}", Assert.Single(_log.Lines));
    }

    [Fact]
    public void Too_long_address_is_logged_once()
    {
        _environment["NOTIFY_SOCKET"] = "/" + new string('x', 200);
        using ServiceManager manager = Manager();
        manager.Report(Counting);
        Assert.StartsWith("Warning: cannot report to the service manager: ", Assert.Single(_log.Lines));
    }

    [Fact]
    public void Nothing_is_sent_without_a_socket()
    {
        _environment.Clear();
        _environment["WATCHDOG_USEC"] = "3000000";
        using ServiceManager manager = Manager();
        manager.Report(Counting);
        manager.Reloading();
        manager.Stopping();
        Assert.Null(manager.WatchdogPause);
        Assert.Empty(_log.Lines);
        Assert.False(_listener.HasMessage);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _scratch.Dispose();
    }

    private static long MonotonicMicroseconds()
    {
        Assert.Equal(0, NativeMethods.clock_gettime(NativeMethods.CLOCK_MONOTONIC, out NativeMethods.Timespec now));
        return (now.Seconds * 1_000_000) + (now.Nanoseconds / 1000);
    }

    private ServiceManager Manager(TimeProvider? time = null) => new(_environment.GetValueOrDefault, time ?? _time, _log);
}
