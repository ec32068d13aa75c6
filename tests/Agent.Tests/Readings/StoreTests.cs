using Agent.Readings;
using Agent.Watching;
using Microsoft.Extensions.Logging.Abstractions;
using Netlink;
using Testing;

namespace Agent.Tests.Readings;

/// <summary>The latest readings, their age, and what each reader waits for, on a clock that the test sets.</summary>
public sealed class StoreTests : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly WatchedNamespace Main = new(null, null, [new Watch("main", [8500])]);
    private static readonly WatchedNamespace Blue = new(NetworkNamespace.Parse("blue"), "blue", [new Watch("blue", [8500])]);

    private readonly ManualTime _time = new();
    private readonly Store _store;
    private readonly StoreReader _reader;

    public StoreTests()
    {
        _store = new Store(_time);
        _reader = _store.OpenReader();
    }

    private string? NotReadyBecause => Readiness.ProblemIn(_store.View);

    private Snapshot Snapshot => Snapshot.Of(_store.View);

    public void Dispose() => _reader.Dispose();

    [Fact]
    public void Store_is_empty_before_the_first_census()
    {
        Replace(Interval, Main);
        Assert.Empty(Snapshot.Namespaces);
        Assert.Null(_reader.TryTake(out _));
        Assert.Equal("no census has ended yet", NotReadyBecause);
    }

    [Fact]
    public void Reader_gets_a_view_after_the_census_of_the_last_namespace()
    {
        Source[] sources = Replace(Interval, Main, Blue);
        _store.Put(sources[0], Good(Main));
        Assert.Null(_reader.TryTake(out _));
        _store.Put(sources[1], Good(Blue));
        Assert.Equal(2, Snapshot.Of(_reader.TryTake(out _)!).Namespaces.Length);
        Assert.Null(_reader.TryTake(out _));
    }

    [Fact]
    public void Reader_waits_a_second_for_a_slow_namespace()
    {
        Source[] sources = Replace(Interval, Main, Blue);
        _store.Put(sources[0], Good(Main));
        Assert.Null(_reader.TryTake(out long nextAt));
        Assert.Equal(TimeSpan.FromSeconds(1), _time.GetElapsedTime(_time.GetTimestamp(), nextAt));
        _time.Leap(TimeSpan.FromSeconds(1));
        Assert.Null(Assert.Single(Snapshot.Of(_reader.TryTake(out _)!).Namespaces).Netns);
    }

    [Fact]
    public void Readers_take_nothing_from_each_other()
    {
        Source[] sources = Replace(Interval, Main);
        using StoreReader other = _store.OpenReader();
        _store.Put(sources[0], Good(Main));
        Assert.NotNull(_reader.TryTake(out _));
        StoreView? view = other.TryTake(out _);
        Assert.Equal(_store.View, view);
        Assert.Null(_reader.TryTake(out _));
        Assert.Null(other.TryTake(out _));
        Assert.Equal((true, true), (_reader.Changed.WaitOne(0), other.Changed.WaitOne(0)));

        using StoreReader late = _store.OpenReader();
        Assert.Equal(view, late.TryTake(out _));
    }

    [Fact]
    public void Reader_that_is_slow_misses_readings_and_no_change()
    {
        Source[] sources = Replace(Interval, Main);
        long version = _store.View.Version;
        for (int census = 1; census <= 3; census++)
        {
            _store.Put(sources[0], Good(Main) with { Duration = TimeSpan.FromSeconds(census) });
            Assert.True(_store.View.Version > version);
            version = _store.View.Version;
        }

        StoreView view = _reader.TryTake(out _)!;
        Assert.Equal(version, view.Version);
        Assert.Equal(TimeSpan.FromSeconds(3), Assert.Single(view.All<NamespaceCounts>()).Duration);
    }

    [Fact]
    public void Readings_are_stale_after_three_intervals_and_each_reader_sees_it_once()
    {
        Source[] sources = Replace(TimeSpan.FromSeconds(5), Main);
        using StoreReader other = _store.OpenReader();
        _store.Put(sources[0], Good(Main));
        Assert.NotNull(_reader.TryTake(out _));
        Assert.NotNull(other.TryTake(out _));
        _time.Leap(TimeSpan.FromSeconds(14));
        Assert.Null(_reader.TryTake(out _));
        Assert.False(sources[0].IsHanging);
        Assert.True(Assert.Single(Snapshot.Namespaces).Succeeded);
        Assert.Null(NotReadyBecause);

        _time.Leap(TimeSpan.FromSeconds(2));
        Assert.True(sources[0].IsHanging);
        NamespaceCounts stale = Assert.Single(Snapshot.Of(_reader.TryTake(out _)!).Namespaces);
        Assert.Equal("no census has ended for 15 s", stale.Failure);
        Assert.Empty(stale.Watches);
        Assert.Empty(stale.Ports);
        Assert.NotNull(stale.LastSuccess);
        Assert.Equal("no census has ended for 15 s", NotReadyBecause);
        Assert.Null(_reader.TryTake(out _));
        Assert.NotNull(other.TryTake(out _));
        Assert.Null(other.TryTake(out _));

        _store.Put(sources[0], Good(Main));
        Assert.NotNull(_reader.TryTake(out _));
        Assert.Null(NotReadyBecause);
        Assert.False(sources[0].IsHanging);
    }

    [Fact]
    public void Census_that_never_ends_is_stale_after_ten_seconds_and_holds_up_no_other()
    {
        Source[] sources = Replace(Interval, Main, Blue);
        for (int second = 0; second < 11; second++)
        {
            _store.Put(sources[0], Good(Main));
            _reader.TryTake(out _);
            _time.Leap(Interval);
        }

        _store.Put(sources[0], Good(Main));
        Assert.Collection(
            Snapshot.Of(_reader.TryTake(out _)!).Namespaces,
            main => Assert.True(main.Succeeded),
            blue => Assert.Equal(("blue", "no census has ended for 10 s", null), (blue.Netns, blue.Failure, blue.Duration)));
    }

    [Fact]
    public void Reading_without_a_maximum_age_never_becomes_stale_and_is_not_waited_for()
    {
        CensusSource census = new(_store, Main, Interval, _time, NullLogger<CensusSource>.Instance);
        FakeSource slow = new(_store, "slow");
        _store.Replace([census, slow]);
        _store.Put(census, Good(Main));
        Assert.NotNull(_reader.TryTake(out _));

        slow.Put(Good(Blue));
        Assert.Null(_reader.TryTake(out long nextAt));
        Assert.Equal(TimeSpan.FromSeconds(1), _time.GetElapsedTime(_time.GetTimestamp(), nextAt));
        _store.Put(census, Good(Main));
        Assert.NotNull(_reader.TryTake(out _));

        _time.Leap(TimeSpan.FromDays(1));
        Assert.Contains(Snapshot.Namespaces, counts => counts is { Netns: "blue", Succeeded: true });
    }

    [Fact]
    public void Main_namespace_decides_about_readiness()
    {
        Source[] sources = Replace(Interval, Main, Blue);
        _store.Put(sources[1], Good(Blue));
        Assert.NotNull(NotReadyBecause);
        _store.Put(sources[0], Bad(Main, "refused"));
        Assert.Equal("refused", NotReadyBecause);
        _store.Put(sources[0], Good(Main));
        _store.Put(sources[1], Bad(Blue, "gone"));
        Assert.Null(NotReadyBecause);
    }

    [Fact]
    public void Failure_makes_it_not_ready_when_the_last_success_is_too_old()
    {
        Source[] sources = Replace(Interval, Main);
        _store.Put(sources[0], Good(Main));
        _time.Leap(TimeSpan.FromSeconds(10));
        _store.Put(sources[0], Bad(Main, "refused"));
        Assert.Null(NotReadyBecause);
        _time.Leap(TimeSpan.FromSeconds(1));
        Assert.Equal("refused", NotReadyBecause);
        _store.Put(sources[0], Bad(Main, "refused"));
        Assert.Equal("refused", NotReadyBecause);
    }

    [Fact]
    public void Reading_of_a_namespace_that_stays_holds_until_its_next_census_and_that_of_another_one_is_dropped()
    {
        _store.Put(Replace(Interval, Main, Blue)[0], Good(Main));
        Replace(Interval, Main with { Watches = [new Watch("new", [8501])] });
        Assert.Single(Snapshot.Namespaces);
        Assert.Null(NotReadyBecause);

        Replace(Interval, Main with { Namespace = NetworkNamespace.Parse("green") });
        Assert.Empty(Snapshot.Namespaces);
        Assert.NotNull(NotReadyBecause);
    }

    [Fact]
    public void Reading_of_a_long_interval_is_not_stale_at_once_by_a_shorter_one()
    {
        _store.Put(Replace(TimeSpan.FromHours(1), Main)[0], Good(Main));
        _time.Leap(TimeSpan.FromHours(2));
        Replace(Interval, Main);
        Assert.True(Assert.Single(Snapshot.Namespaces).Succeeded);
    }

    [Fact]
    public void Stale_reading_stays_stale_through_a_reload_until_the_next_census()
    {
        _store.Put(Replace(Interval, Main)[0], Good(Main));
        DateTimeOffset? success = Assert.Single(Snapshot.Namespaces).LastSuccess;
        _time.Leap(TimeSpan.FromSeconds(11));
        Assert.NotNull(_reader.TryTake(out _));

        Source next = Replace(Interval, Main)[0];
        Assert.Equal(("no census has ended for 10 s", success), (Assert.Single(Snapshot.Namespaces).Failure, Snapshot.Namespaces[0].LastSuccess));
        Assert.Equal("no census has ended for 10 s", NotReadyBecause);
        Assert.Null(_reader.TryTake(out _));

        _store.Put(next, Good(Main));
        Assert.True(Assert.Single(Snapshot.Namespaces).Succeeded);
    }

    [Fact]
    public void Reading_becomes_stale_also_when_reloads_come_more_often()
    {
        _store.Put(Replace(Interval, Main)[0], Good(Main));
        for (int reload = 0; reload < 3; reload++)
        {
            _time.Leap(TimeSpan.FromSeconds(4));
            Replace(Interval, Main);
        }

        Assert.Equal("no census has ended for 10 s", Assert.Single(Snapshot.Namespaces).Failure);
    }

    [Fact]
    public void Limit_alone_gives_no_view_before_the_first_census()
    {
        CensusSource census = new(_store, Main, Interval, _time, NullLogger<CensusSource>.Instance);
        FakeSource limit = new(_store, "limit");
        _store.Replace([census, limit]);
        limit.Put(Good(Blue));
        _time.Leap(TimeSpan.FromSeconds(5));
        Assert.Null(_reader.TryTake(out _));
        _store.Put(census, Good(Main));
        Assert.NotNull(_reader.TryTake(out _));
    }

    [Fact]
    public void Reader_is_woken_also_when_a_handler_of_the_reading_throws()
    {
        Source source = Replace(Interval, Main)[0];
        _reader.Changed.WaitOne(0);
        _store.ReadingPut += (_, _) => throw new InvalidOperationException("a defect");
        Assert.Throws<InvalidOperationException>(() => _store.Put(source, Good(Main)));
        Assert.True(_reader.Changed.WaitOne(0));
        Assert.NotNull(_reader.TryTake(out _));
    }

    [Fact]
    public void Reading_of_a_source_that_was_replaced_is_dropped()
    {
        Source former = Replace(Interval, Main)[0];
        Replace(Interval, Main);
        _store.Put(former, Bad(Main, "late"));
        Assert.Empty(Snapshot.Namespaces);
    }

    [Fact]
    public async Task Reader_waits_on_its_own_thread_and_is_woken_by_a_reading_or_the_end()
    {
        Source[] sources = Replace(Interval, Main);
        using CancellationTokenSource stopping = new();
        Task<StoreView?> waiting = Task.Run(() => _reader.Wait(stopping.Token), TestContext.Current.CancellationToken);
        await Poll.Until(() => _time.Waiting == 1, "it waits");
        _store.Put(sources[0], Good(Main));
        Assert.Single((await waiting)!.All<NamespaceCounts>());

        waiting = Task.Run(() => _reader.Wait(stopping.Token), TestContext.Current.CancellationToken);
        await Poll.Until(() => _time.Waiting == 1, "it waits again");
        await stopping.CancelAsync();
        Assert.Null(await waiting);
    }

    [Fact]
    public void Reader_that_has_to_stop_takes_no_view_even_if_there_is_one()
    {
        Source[] sources = Replace(Interval, Main);
        _store.Put(sources[0], Good(Main));
        Assert.Null(_reader.Wait(new CancellationToken(canceled: true)));
        Assert.NotNull(_reader.Wait(CancellationToken.None));
    }

    [Fact]
    public async Task Views_of_many_readers_are_consistent_while_sources_put()
    {
        const int Readings = 2_000;
        Source[] sources = Replace(Interval, Main, Blue);
        Task[] reading = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            long last = 0;
            TimeSpan lastDuration = TimeSpan.Zero;
            while (lastDuration < TimeSpan.FromSeconds(Readings))
            {
                StoreView view = _store.View;
                Assert.InRange(view.Version, last, long.MaxValue);
                NamespaceCounts[] counts = [.. view.All<NamespaceCounts>()];
                if (counts.Length == 2)
                {
                    // The first source is always as far as the second, or one reading ahead.
                    Assert.InRange((counts[0].Duration - counts[1].Duration)!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(1));
                    Assert.InRange(counts[1].Duration!.Value, lastDuration, TimeSpan.MaxValue);
                    lastDuration = counts[1].Duration!.Value;
                }

                last = view.Version;
            }
        }, TestContext.Current.CancellationToken))];
        for (int number = 1; number <= Readings; number++)
        {
            _store.Put(sources[0], Good(Main) with { Duration = TimeSpan.FromSeconds(number) });
            _store.Put(sources[1], Good(Blue) with { Duration = TimeSpan.FromSeconds(number) });
        }

        await Task.WhenAll(reading);
    }

    private Source[] Replace(TimeSpan interval, params WatchedNamespace[] namespaces)
    {
        Source[] sources = [.. namespaces.Select(where => new CensusSource(_store, where, interval, _time, NullLogger<CensusSource>.Instance))];
        _store.Replace(sources);
        return sources;
    }

    private NamespaceCounts Good(WatchedNamespace where) =>
        new() { Netns = where.Label, Duration = TimeSpan.FromMilliseconds(1), LastSuccess = _time.GetUtcNow() };

    private static NamespaceCounts Bad(WatchedNamespace where, string failure) =>
        new() { Netns = where.Label, Duration = TimeSpan.FromMilliseconds(1), LastSuccess = null, Failure = failure };
}
