using Agent.Configuration;
using Agent.Hosting;
using Agent.Publishing;
using Agent.Readings;
using Agent.Tasks;
using Agent.Watching;
using Microsoft.Extensions.Logging.Abstractions;
using Testing;

namespace Agent.Tests.Hosting;

/// <summary>Adds a further source and a further publisher to the real ones, each with one class and one line of composition.</summary>
public sealed class FurtherTasksTests : IAsyncDisposable
{
    private readonly Scratch _scratch = new();
    private readonly Supervisor _supervisor = new(TimeProvider.System, NullLogger<Supervisor>.Instance);
    private readonly Store _store = new(TimeProvider.System);

    public async ValueTask DisposeAsync()
    {
        await _supervisor.StopAsync();
        _supervisor.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Further_publisher_gets_the_readings_of_the_census_and_of_a_further_source()
    {
        Settings settings = new SettingsReader(_ => null).Read(
            new CommandLineValues(("--interval", "50ms"), ("--textfile-directory", _scratch["out"]), ("--port", $"{FreePort.Next()}")));
        AgentState state = new(settings, TimeProvider.System);
        Composition composition = new(_store, state, _supervisor, TimeProvider.System, NullLoggerFactory.Instance);
        LinePublisher lines = new(_store);
        AgentTasks tasks = new(
            _supervisor,
            _store,
            state,
            wanted => [.. composition.Sources(wanted), new LoadSource(_store)],
            (wanted, textfile) => [.. composition.Publishers(wanted, textfile), lines],
            NullLoggerFactory.Instance);
        tasks.Prepare(settings);

        Assert.True(await tasks.ApplyAsync(settings));
        await Poll.Until(() => lines.Latest is { Censuses: 1, Load: >= 0 }, "both readings are shown");
        await Poll.Until(() => File.Exists(_scratch[$"out/{Textfile.FileName}"]), "the textfile is written too");
        Assert.Equal($"counting every 50ms, writing {_scratch[$"out/{Textfile.FileName}"]}, showing lines", state.Activity);
        Assert.NotNull(_store.HistoryOf(null, settings.Namespaces[0].Watches[0].Name));
        await Poll.Until(() => _supervisor.HasReported && !_supervisor.LastErrors.Any(), "no task has an error");
        Assert.Equal(["census", "load", "textfile", "lines"], _supervisor.Statistics.Select(task => task.Name));
    }

    /// <summary>The load of the host.</summary>
    private sealed record LoadReading(double Load) : Reading;

    private sealed class LoadSource(Store store) : Source(store)
    {
        private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

        internal override string Name => "load";

        internal override string Duty => "read the load";

        internal override object Identity => nameof(LoadSource);

        public override object Subject => "load";

        public override TimeSpan? MaximumAge => StaleAfter.Of(Interval);

        internal override TimeSpan LongestRetryDelay => RetryDelayFor(Interval);

        internal override Task RunAsync(Action succeeded, CancellationToken stopping) => DedicatedThread.RunAsync(() =>
        {
            IntervalTimer timer = new(Interval, TimeProvider.System);
            do
            {
                string load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
                Put(new LoadReading(double.Parse(load, System.Globalization.CultureInfo.InvariantCulture)) { Duration = TimeSpan.Zero });
                succeeded();
            }
            while (timer.Wait(stopping));
        });
    }

    private sealed class LinePublisher(Store store) : Publisher
    {
        internal (int Censuses, double Load)? Latest { get; private set; }

        internal override string Name => "lines";

        internal override string Duty => "show lines";

        internal override string Activity => "showing lines";

        internal override bool NeedsHistory => true;

        internal override object Identity => this;

        internal override TimeSpan LongestRetryDelay => TimeSpan.FromMinutes(1);

        internal override Task RunAsync(Action succeeded, CancellationToken stopping) => DedicatedThread.RunAsync(() =>
        {
            using StoreReader reader = store.OpenReader();
            while (reader.Wait(stopping) is { } view)
            {
                Latest = (view.All<NamespaceCounts>().Count(), view.All<LoadReading>().Select(reading => reading.Load).FirstOrDefault(-1));
                succeeded();
            }
        });
    }
}
