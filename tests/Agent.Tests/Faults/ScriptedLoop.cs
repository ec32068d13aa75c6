using Agent.Hosting;
using Agent.Metrics;
using Agent.Publishing;
using Agent.Readings;
using Agent.Tests.Hosting;
using Agent.Watching;
using Netlink;
using Netlink.SockDiag;
using Testing;

namespace Agent.Tests.Faults;

/// <summary>Census and textfile under their supervisor, on a scripted kernel and a clock that the test sets, one tick after the other.</summary>
internal sealed class ScriptedLoop : IAsyncDisposable
{
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // A census and a textfile: each waits when the tick is over.
    private const int Tasks = 2;

    private readonly Scratch _scratch = new();
    private readonly List<string> _lines = [];
    private readonly RecordingLogger<Supervisor> _log;
    private readonly Store _store;
    private readonly Func<INetlinkChannel> _openChannel;
    private readonly TimeProvider _kernelTime;

    /// <param name="kernelTime">The clock on which the kernel is slow; the agent's own by default.</param>
    internal ScriptedLoop(ManualTime? kernelTime = null)
    {
        _log = new RecordingLogger<Supervisor>(_lines);
        Kernel = new FickleKernel(kernelTime ?? Time);
        _kernelTime = kernelTime ?? Time;
        _openChannel = Kernel.OpenChannel;
        _store = new Store(Time);
        Directory = _scratch["out"];
        FilePath = _scratch[$"out/{Textfile.FileName}"];
        Supervisor = new Supervisor(Time, _log);
        Supervisor.AgentMustEnd += reason => EndedBy = reason;
    }

    internal ManualTime Time { get; } = new();

    internal FickleKernel Kernel { get; }

    internal Supervisor Supervisor { get; }

    /// <summary>Where the textfile goes.</summary>
    internal string Directory { get; }

    internal string FilePath { get; }

    internal IReadOnlyList<string> Lines => _log.Lines;

    internal string Text => ExpositionText.Read(FilePath);

    /// <summary>Why the agent would have ended; null when it would not.</summary>
    internal Exception? EndedBy { get; private set; }

    /// <returns>What the first census published.</returns>
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

    /// <returns>What the census of the next interval published; what it had to say it has said before.</returns>
    internal async Task<string> Tick()
    {
        // The file that comes is the next one's then, also where its text is the same.
        File.Delete(FilePath);
        Time.Leap(Interval);
        return await Published();
    }

    /// <summary>Waits until both wait for the next tick.</summary>
    internal Task Settled() => Poll.Until(() => Time.Waiting == Tasks, "all wait for the next tick");

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
