using Agent.Metrics;
using Agent.Publishing;
using Agent.Supervision;
using Agent.Tests.Supervision;
using Agent.Watching;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using Netlink.SockDiag;
using Testing;

namespace Agent.Tests.Faults;

/// <summary>The census loop on a fickle kernel and a clock that the test sets, one tick after the other.</summary>
internal sealed class ScriptedLoop : IAsyncDisposable
{
    internal static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Scratch _scratch = new();
    private readonly RecordingLogger<CensusLoop> _log = new();
    private readonly Textfile _textfile;
    private readonly CensusLoop _loop;

    /// <param name="kernelTime">The clock on which the kernel is slow; the loop's own by default.</param>
    internal ScriptedLoop(ManualTime? kernelTime = null)
    {
        Kernel = new FickleKernel(kernelTime ?? Time);
        _textfile = new Textfile(_scratch["out"]);
        WatchedNamespace where = new(null, null, [new Watch("consul", [8500])]);
        Census census = new(new SockDiagClient(Kernel.OpenChannel, kernelTime ?? Time), where, Time, keepsPeaks: true);
        _loop = new CensusLoop(
            [census], new SnapshotExposition(new BuildInformation("1.2.3", "abc")), _textfile, Interval, Time,
            new ServiceManager(_ => null, "", Time, NullLogger<ServiceManager>.Instance),
            new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance), _log);
    }

    internal ManualTime Time { get; } = new();

    internal FickleKernel Kernel { get; }

    internal IReadOnlyList<string> Lines => _log.Lines;

    internal string Text => ExpositionText.Read(_textfile.FilePath);

    /// <returns>What the first census published.</returns>
    internal async Task<string> Start()
    {
        await _loop.StartAsync(TestContext.Current.CancellationToken);
        return await Published();
    }

    /// <returns>What the census of the next interval published; what it had to say it has said before.</returns>
    internal async Task<string> Tick()
    {
        // The file that comes is the next one's then, also where its text is the same.
        File.Delete(_textfile.FilePath);
        Time.Leap(Interval);
        return await Published();
    }

    public async ValueTask DisposeAsync()
    {
        await _loop.StopAsync(CancellationToken.None);
        _loop.Dispose();
        _textfile.Dispose();
        _scratch.Dispose();
    }

    private async Task<string> Published()
    {
        await Poll.Until(() => File.Exists(_textfile.FilePath), "a census is published");
        return Text;
    }
}
