using Agent.Metrics;
using Agent.Publishing;
using Agent.Supervision;
using Agent.Watching;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Netlink.SockDiag;
using Testing;

namespace Agent.Tests.Supervision;

/// <summary>The loop on a scripted kernel and a clock that the test sets.</summary>
public sealed class CensusLoopTests : IAsyncDisposable
{
    private const int ENOBUFS = 105;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Scratch _scratch = new();
    private readonly ManualTime _time = new();
    private readonly RecordingLogger<CensusLoop> _log = new();
    private readonly ApplicationLifetime _lifetime = new(NullLogger<ApplicationLifetime>.Instance);
    private readonly Textfile _textfile;
    private readonly CensusLoop _loop;
    private Func<ScriptedKernel> _kernel;
    private int _dumps;

    public CensusLoopTests()
    {
        _kernel = Good;
        _textfile = new Textfile(_scratch["out"]);
        WatchedNamespace where = new(null, null, [new Watch("consul", [8500])]);
        Census census = new(new SockDiagClient(() => new Counted(this), _time), where, _time, keepsPeaks: true);
        _loop = new CensusLoop(
            [census], new SnapshotExposition(new BuildInformation("1.2.3", "abc")), _textfile, Interval, _time,
            new ServiceManager(_ => null, "", _time, NullLogger<ServiceManager>.Instance), _lifetime, _log);
    }

    [Fact]
    public async Task The_first_census_is_taken_at_once_and_one_at_each_interval_after_it()
    {
        await StartAsync();
        await Published("one", 1);
        for (int tick = 2; tick <= 10; tick++)
        {
            _time.Leap(Interval);
            await Published("the next", tick);
        }

        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task Ticks_keep_to_the_grid_however_late_they_are_served()
    {
        await StartAsync();
        await Published("one", 1);
        _time.Leap(Interval * 1.75);
        await Published("the late one", 2);
        _time.Leap(Interval * 0.25);
        await Published("the one that was due at 2", 3);
    }

    [Fact]
    public async Task A_suspended_machine_makes_no_pile_of_ticks()
    {
        await StartAsync();
        await Published("one", 1);
        _time.Leap(TimeSpan.FromHours(8));
        await Published("one after the suspend", 2);
        _time.Leap(Interval);
        await Published("the next", 3);
    }

    [Fact]
    public async Task A_failure_is_told_once_when_it_begins_and_once_when_it_ends()
    {
        await StartAsync();
        await Published("one", 1);
        _kernel = () => new ScriptedKernel().FailForEver(ENOBUFS);
        for (int tick = 2; tick <= 5; tick++)
        {
            _time.Leap(Interval);
            await Until(() => Text().Contains("sockdiag_census_success 0"), "a failed census is published");
            Assert.DoesNotContain("tcp_connections", Text());
            Assert.Contains("sockdiag_census_last_success_timestamp_seconds", Text());
            await Until(() => _dumps >= 1 + (3 * (tick - 1)), "three attempts a census");
        }

        _kernel = Good;
        _time.Leap(Interval);
        await Until(() => Text().Contains("sockdiag_census_success 1"), "a good census is published");

        Assert.Collection(
            _log.Lines,
            line => Assert.StartsWith("Error: cannot measure: receiving from sock_diag failed: replies were lost 3 times in a row (ENOBUFS)", line),
            line => Assert.Equal("Information: measuring again", line));
    }

    [Fact]
    public async Task A_directory_that_cannot_be_used_is_told_once_and_the_loop_goes_on()
    {
        await File.WriteAllTextAsync(_scratch["out"], "in the way", TestContext.Current.CancellationToken);
        await StartAsync();
        await Until(() => _log.Lines.Count == 1, "it is told");
        _time.Leap(Interval);
        await Until(() => _dumps == 2, "the loop goes on");
        _time.Leap(Interval);
        await Until(() => _dumps == 3, "the loop goes on");

        File.Delete(_scratch["out"]);
        _time.Leap(Interval);
        await Until(() => Text().Contains("sockdiag_census_success 1"), "the file is written");

        Assert.Collection(
            _log.Lines,
            line => Assert.StartsWith($"Error: cannot write {_textfile.FilePath}: ", line),
            line => Assert.Equal($"Information: writing {_textfile.FilePath} again", line));
    }

    [Fact]
    public async Task A_directory_that_others_may_write_is_warned_about_once()
    {
        Directory.CreateDirectory(_scratch["out"]);
        File.SetUnixFileMode(_scratch["out"], (UnixFileMode)0b111_111_111);
        await StartAsync();
        await Published("one", 1);
        _time.Leap(Interval);
        await Published("two", 2);
        Assert.StartsWith("Warning: the directory of ", Assert.Single(_log.Lines));
    }

    [Fact]
    public async Task An_agent_that_finds_another_one_on_its_file_ends()
    {
        await StartAsync();
        await Published("one", 1);
        Directory.Delete(_scratch["out"], recursive: true);
        using Textfile other = new(_scratch["out"]);
        other.Write("other\n"u8);

        _time.Leap(Interval);
        await Until(() => _lifetime.ApplicationStopping.IsCancellationRequested, "the agent ends");

        Assert.IsType<TextfileTakenException>(_loop.EndedBy);
        Assert.Equal("other\n", Text());
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.StopAsync(CancellationToken.None);
        _loop.Dispose();
        _textfile.Dispose();
        _scratch.Dispose();
    }

    private static ScriptedKernel Good() => new ScriptedKernel().ForEver(n => [.. Replies.Socket(n, 1), .. Replies.Done(n)]);

    private static Task Until(Func<bool> condition, string what) => Poll.Until(condition, what);

    private Task StartAsync() => _loop.StartAsync(TestContext.Current.CancellationToken);

    /// <summary>Waits until so many censuses are published, and shows that no further one comes.</summary>
    private async Task Published(string what, int censuses)
    {
        await Until(() => Text().Contains($"sockdiag_census_last_success_timestamp_seconds {_time.Wall.ToUnixTimeMilliseconds() / 1000.0}\n"), what);
        Assert.Equal(censuses, _dumps);
    }

    private string Text() => File.Exists(_textfile.FilePath) ? File.ReadAllText(_textfile.FilePath) : "";

    /// <summary>Counts the requests, and asks the kernel that the test has set for each socket anew.</summary>
    private sealed class Counted : Netlink.INetlinkChannel
    {
        private readonly CensusLoopTests _test;
        private readonly ScriptedKernel _kernel;

        internal Counted(CensusLoopTests test)
        {
            _test = test;
            _kernel = test._kernel();
            _made = test._kernel;
        }

        private readonly Func<ScriptedKernel> _made;

        public uint PortId => _kernel.PortId;

        public int Send(ReadOnlySpan<byte> request)
        {
            Interlocked.Increment(ref _test._dumps);
            return _kernel.Send(request);
        }

        public int Receive(Span<byte> buffer, out uint senderPortId)
        {
            if (_test._kernel != _made)
            {
                // The kernel has changed under an open socket.
                senderPortId = 0;
                return -ENOBUFS;
            }

            return _kernel.Receive(buffer, out senderPortId);
        }

        public void Dispose() => _kernel.Dispose();
    }
}
