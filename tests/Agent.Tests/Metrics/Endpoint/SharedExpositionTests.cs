using System.Text;
using Agent.Metrics;
using Agent.Metrics.Endpoint;
using Agent.Watching;
using Testing;

namespace Agent.Tests.Metrics.Endpoint;

public sealed class SharedExpositionTests
{
    private static readonly BuildInformation Build = new("1.2.3", "abc");

    private int _rendered;
    private Snapshot _snapshot = ExampleSnapshots.Good;

    [Fact]
    public void Scrapes_of_one_moment_get_the_same_bytes_and_later_ones_get_new_ones()
    {
        ManualTime time = new();
        SharedExposition exposition = Create(time);
        ReadOnlyMemory<byte> first = exposition.Render(ExpositionFormat.Text);
        string text = Encoding.UTF8.GetString(first.Span);

        _snapshot = ExampleSnapshots.Failed;
        time.Leap(SharedExposition.OldestAnswer - TimeSpan.FromTicks(1));
        Assert.Equal(first, exposition.Render(ExpositionFormat.Text));

        time.Leap(TimeSpan.FromTicks(1));
        ReadOnlyMemory<byte> second = exposition.Render(ExpositionFormat.Text);
        Assert.Contains("sockdiag_census_success 1\n", text);
        Assert.Contains("sockdiag_census_success 0\n", Encoding.UTF8.GetString(second.Span));
        Assert.Equal(text, Encoding.UTF8.GetString(first.Span));
    }

    [Fact]
    public async Task A_thousand_scrapes_at_once_are_rendered_once_for_each_format()
    {
        SharedExposition exposition = Create(new ManualTime());
        ReadOnlyMemory<byte>[] answers = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(i => Task.Run(
            () => exposition.Render(i % 2 == 0 ? ExpositionFormat.Text : ExpositionFormat.OpenMetrics))));

        Assert.Equal(2, _rendered);
        Assert.Equal(2, answers.Distinct().Count());
        Assert.All(answers, (answer, i) => Assert.Equal(i % 2 == 1, answer.Span.EndsWith("# EOF\n"u8)));
    }

    [Fact]
    public void A_scrape_that_shares_an_answer_allocates_nothing()
    {
        SharedExposition exposition = Create(new ManualTime());
        exposition.Render(ExpositionFormat.Text);

        Allocations.AreNone(() =>
        {
            for (int i = 0; i < 1_000; i++)
            {
                exposition.Render(ExpositionFormat.Text);
            }
        });
    }

    [Fact]
    public async Task Every_answer_is_whole_while_the_snapshot_changes()
    {
        ManualTime time = new();
        SharedExposition exposition = Create(time);
        string good = Encoding.UTF8.GetString(new SnapshotExposition(Build).Render(ExampleSnapshots.Good).Span);
        string failed = Encoding.UTF8.GetString(new SnapshotExposition(Build).Render(ExampleSnapshots.Failed).Span);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                _snapshot = i % 2 == 0 ? ExampleSnapshots.Failed : ExampleSnapshots.Good;
                time.Leap(SharedExposition.OldestAnswer);
                string text = Encoding.UTF8.GetString(exposition.Render(ExpositionFormat.Text).Span);
                Assert.True(text.StartsWith(good, StringComparison.Ordinal) || text.StartsWith(failed, StringComparison.Ordinal), text);
                Assert.Matches("\ndotnet_monitor_lock_contentions_total [0-9]+\n$", text);
            }
        })));
        Assert.InRange(_rendered, 2, 800);
    }

    [Fact]
    public void An_answer_that_could_not_be_rendered_is_tried_anew()
    {
        bool fails = true;
        SharedExposition exposition = new(
            Build, () => fails ? throw new InvalidOperationException() : ExampleSnapshots.Good, () => ExampleFigures.AtStart, new ManualTime());

        Assert.Throws<InvalidOperationException>(() => exposition.Render(ExpositionFormat.OpenMetrics));
        fails = false;
        Assert.True(exposition.Render(ExpositionFormat.OpenMetrics).Span.EndsWith("# EOF\n"u8));
    }

    private SharedExposition Create(TimeProvider time) => new(
        Build,
        () =>
        {
            Interlocked.Increment(ref _rendered);
            return _snapshot;
        },
        () => ExampleFigures.Several,
        time);
}
