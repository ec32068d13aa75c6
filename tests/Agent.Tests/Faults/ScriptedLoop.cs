using Agent.Hosting;
using Agent.Metrics;
using Agent.Publishing;
using Agent.Readings;
using Agent.Tests.Hosting;
using Agent.Watching;
using Microsoft.Extensions.Logging.Abstractions;
using Netlink;
using Netlink.SockDiag;
using Testing;

namespace Agent.Tests.Faults;

/// <summary>Census and textfile under a supervisor, on a scripted kernel and a clock that the test advances by one interval at a time.</summary>
internal sealed class ScriptedLoop : IAsyncDisposable
{
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // The census and the textfile: each one waits between two ticks.
    private const int Tasks = 2;

    private readonly Scratch _scratch = new();
    private readonly List<string> _lines = [];
    private readonly RecordingLogger<Supervisor> _log;
    private readonly Store _store;
    private readonly Func<INetlinkChannel> _openChannel;
    private readonly TimeProvider _kernelTime;

    /// <param name="kernelTime">The clock that a slow kernel advances; the agent's own by default.</param>
    internal ScriptedLoop(ManualTime? kernelTime = null)
    {
        _log = new RecordingLogger<Supervisor>(_lines);
        Kernel = new ChangingKernel(kernelTime ?? Time);
        _kernelTime = kernelTime ?? Time;
        _openChannel = Kernel.OpenChannel;
        _store = new Store(Time);
        Directory = _scratch["out"];
        FilePath = _scratch[$"out/{Textfile.FileName}"];
        Supervisor = new Supervisor(Time, _log);
        Supervisor.AgentMustEnd += reason => EndedBy = reason;
    }

    internal ManualTime Time { get; } = new();

    internal ChangingKernel Kernel { get; }

    internal Supervisor Supervisor { get; }

    /// <summary>The directory of the textfile.</summary>
    internal string Directory { get; }

    internal string FilePath { get; }

    internal IReadOnlyList<string> Lines => _log.Lines;

    internal string Text => ExpositionText.Read(FilePath);

    /// <summary>The reason for which the agent must end; null while it runs.</summary>
    internal Exception? EndedBy { get; private set; }

    /// <returns>The text of the first census.</returns>
    internal async Task<string> Start()
    {
        await Begin();
        return await Published();
    }

    internal async Task Begin()
    {
        CensusSource census = new(
            _store,
            new WatchedNamespace(null, null, [new Watch("consul", [8500])]),
            Interval,
            Time,
            NullLogger<CensusSource>.Instance,
            where => new Census(new SockDiagClient(_openChannel, _kernelTime), where, Time, keepsPeaks: true));
        _store.Replace([census]);
        await Supervisor.ReplaceAsync(
        [
            census,
            new TextfilePublisher(
                new Textfile(Directory), _store, new SnapshotExposition(new BuildInformation("1.2.3", "abc")), () => Interval, Time,
                new RecordingLogger<TextfilePublisher>(_lines)),
        ]);
    }

    /// <returns>The text of the next census. Its log lines are complete by then.</returns>
    internal async Task<string> Tick()
    {
        // A file that appears after this is the one of the next census, even if its text is the same.
        File.Delete(FilePath);
        Time.Leap(Interval);
        return await Published();
    }

    /// <summary>Waits until both tasks wait for the next tick.</summary>
    internal Task Settled() => Poll.Until(() => Time.Waiting == Tasks, "all tasks wait for the next interval");

    public async ValueTask DisposeAsync()
    {
        await Supervisor.StopAsync();
        Supervisor.Dispose();
        _scratch.Dispose();
    }

    private async Task<string> Published()
    {
        await Poll.Until(() => File.Exists(FilePath), "a census is published");
        await Settled();
        return Text;
    }
}
