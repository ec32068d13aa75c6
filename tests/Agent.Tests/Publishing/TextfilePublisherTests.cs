using Agent.Hosting;
using Agent.Metrics;
using Agent.Publishing;
using Agent.Readings;
using Agent.Tests.Faults;
using Agent.Tests.Hosting;
using Agent.Watching;
using Microsoft.Extensions.Logging.Abstractions;
using Testing;

namespace Agent.Tests.Publishing;

/// <summary>The publisher of the textfile under a supervisor, with censuses and a clock that the test sets.</summary>
public sealed class TextfilePublisherTests : IAsyncDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly Scratch _scratch = new();
    private readonly ManualTime _time = new();
    private readonly List<string> _lines = [];
    private readonly Store _store;
    private readonly Supervisor _supervisor;

    public TextfilePublisherTests()
    {
        _store = new Store(_time);
        _supervisor = new Supervisor(_time, new RecordingLogger<Supervisor>(_lines));
    }

    public async ValueTask DisposeAsync()
    {
        await _supervisor.StopAsync();
        _supervisor.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Failed_write_is_tried_again_before_the_next_census()
    {
        await File.WriteAllTextAsync(_scratch["out"], "in the way", TestContext.Current.CancellationToken);
        Count(TimeSpan.FromDays(1));
        await Write("out", TimeSpan.FromDays(1));
        await Poll.Until(() => _time.Waiting == 1, "the publisher waits for its restart");
        Assert.StartsWith("Error: cannot write ", Assert.Single(_lines));

        File.Delete(_scratch["out"]);
        _time.Leap(TimeSpan.FromMinutes(1));
        await Poll.Until(() => Text("out").Contains("sockdiag_census_success 1\n"), "the textfile is written");
        await Poll.Until(() => _lines.Count == 2, "the recovery is logged");
    }

    [Fact]
    public async Task Publisher_that_waits_for_a_census_does_not_hang()
    {
        _store.Replace([Census(Second)]);
        await Write("out", Second);
        await Poll.Until(() => _time.Waiting == 1, "the publisher waits for a census");
        _time.Leap(10 * Second);
        await Poll.Until(() => Text("out").Contains("sockdiag_census_success 0\n"), "the missing census is written");
        await Poll.Until(() => _time.Waiting == 1, "the publisher waits for a census again");
        _time.Leap(TimeSpan.FromHours(1));
        Assert.False(_supervisor.Hangs);
    }

    [Fact]
    public async Task New_directory_gets_its_file_at_once()
    {
        Count(TimeSpan.FromDays(1));
        await Write("out", TimeSpan.FromDays(1));
        await Poll.Until(() => Text("out") != "", "the textfile is written");
        await Write("moved", TimeSpan.FromDays(1));
        await Poll.Until(() => Text("moved").Contains("sockdiag_census_success 1\n"), "the textfile in the new directory is written");
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch["out"]));
    }

    private CensusSource Census(TimeSpan interval) => new(_store, new WatchedNamespace(null, null, []), interval, _time, NullLogger<CensusSource>.Instance);

    private void Count(TimeSpan interval)
    {
        CensusSource census = Census(interval);
        _store.Replace([census]);
        _store.Put(census, new NamespaceCounts { Netns = null, Duration = Second, LastSuccess = _time.Wall });
    }

    private Task<bool> Write(string directory, TimeSpan interval) => _supervisor.ReplaceAsync(
    [
        new TextfilePublisher(
            new Textfile(_scratch[directory]), _store, new SnapshotExposition(new BuildInformation("1.2.3", "abc")), () => interval, _time,
            new RecordingLogger<TextfilePublisher>(_lines)),
    ]);

    private string Text(string directory) => ExpositionText.Read(_scratch[$"{directory}/{Textfile.FileName}"]);
}
