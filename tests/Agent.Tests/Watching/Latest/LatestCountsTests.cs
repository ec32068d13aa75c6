using System.Collections.Immutable;
using Agent.Watching;
using Agent.Watching.Latest;
using Netlink;
using Testing;

namespace Agent.Tests.Watching.Latest;

/// <summary>What is known, how old it may grow, and when there is something new to publish, on a clock that the test sets.</summary>
public sealed class LatestCountsTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly WatchedNamespace Main = new(null, null, [new Watch("main", [8500])]);
    private static readonly WatchedNamespace Blue = new(NetworkNamespace.Parse("blue"), "blue", [new Watch("blue", [8500])]);

    private readonly ManualTime _time = new();
    private readonly LatestCounts _latest;

    public LatestCountsTests() => _latest = new LatestCounts(_time);

    [Fact]
    public void Before_the_first_census_nothing_is_known_and_nothing_is_new()
    {
        _latest.Replace([Main], Interval);
        Assert.Empty(_latest.Snapshot.Namespaces);
        Assert.False(_latest.TryEndRound(out _));
        Assert.Equal("no census has ended yet", _latest.NotReadyBecause);
    }

    [Fact]
    public void A_round_ends_with_the_census_of_the_last_namespace()
    {
        ImmutableArray<CensusPlace> places = _latest.Replace([Main, Blue], Interval);
        places[0].Put(Good(Main));
        Assert.False(_latest.TryEndRound(out _));
        places[1].Put(Good(Blue));
        Assert.True(_latest.TryEndRound(out _));
        Assert.False(_latest.TryEndRound(out _));
        Assert.Equal(2, _latest.Snapshot.Namespaces.Length);
    }

    [Fact]
    public void A_namespace_that_is_slow_has_a_second_and_then_the_others_are_published()
    {
        ImmutableArray<CensusPlace> places = _latest.Replace([Main, Blue], Interval);
        places[0].Put(Good(Main));
        Assert.False(_latest.TryEndRound(out long nextAt));
        Assert.Equal(TimeSpan.FromSeconds(1), _time.GetElapsedTime(_time.GetTimestamp(), nextAt));
        _time.Leap(TimeSpan.FromSeconds(1));
        Assert.True(_latest.TryEndRound(out _));
        Assert.Null(Assert.Single(_latest.Snapshot.Namespaces).Netns);
    }

    [Fact]
    public void Numbers_that_nobody_renews_are_absent_after_three_intervals_and_that_is_published_once()
    {
        ImmutableArray<CensusPlace> places = _latest.Replace([Main], TimeSpan.FromSeconds(5));
        places[0].Put(Good(Main));
        Assert.True(_latest.TryEndRound(out _));
        _time.Leap(TimeSpan.FromSeconds(14));
        Assert.False(_latest.TryEndRound(out _));
        Assert.True(Assert.Single(_latest.Snapshot.Namespaces).Succeeded);
        Assert.Null(_latest.NotReadyBecause);

        _time.Leap(TimeSpan.FromSeconds(2));
        Assert.True(_latest.TryEndRound(out _));
        NamespaceCounts overdue = Assert.Single(_latest.Snapshot.Namespaces);
        Assert.Equal("no census has ended for 15 s", overdue.Failure);
        Assert.Empty(overdue.Watches);
        Assert.Empty(overdue.Ports);
        Assert.NotNull(overdue.LastSuccess);
        Assert.Equal("no census has ended for 15 s", _latest.NotReadyBecause);
        Assert.False(_latest.TryEndRound(out _));

        places[0].Put(Good(Main));
        Assert.True(_latest.TryEndRound(out _));
        Assert.Null(_latest.NotReadyBecause);
    }

    [Fact]
    public void A_census_that_never_ends_is_told_after_ten_seconds_and_holds_up_no_other()
    {
        ImmutableArray<CensusPlace> places = _latest.Replace([Main, Blue], Interval);
        for (int second = 0; second < 11; second++)
        {
            places[0].Put(Good(Main));
            _latest.TryEndRound(out _);
            _time.Leap(Interval);
        }

        places[0].Put(Good(Main));
        Assert.True(_latest.TryEndRound(out _));
        Assert.Collection(
            _latest.Snapshot.Namespaces,
            main => Assert.True(main.Succeeded),
            blue => Assert.Equal(("blue", "no census has ended for 10 s", null), (blue.Netns, blue.Failure, blue.Duration)));
    }

    [Fact]
    public void Whether_it_is_ready_the_main_namespace_decides()
    {
        ImmutableArray<CensusPlace> places = _latest.Replace([Main, Blue], Interval);
        places[1].Put(Good(Blue));
        Assert.NotNull(_latest.NotReadyBecause);
        places[0].Put(Bad(Main, "refused"));
        Assert.Equal("refused", _latest.NotReadyBecause);
        places[0].Put(Good(Main));
        places[1].Put(Bad(Blue, "gone"));
        Assert.Null(_latest.NotReadyBecause);
    }

    [Fact]
    public void A_failure_makes_it_not_ready_when_the_last_success_is_too_old()
    {
        ImmutableArray<CensusPlace> places = _latest.Replace([Main], Interval);
        places[0].Put(Good(Main));
        _time.Leap(TimeSpan.FromSeconds(10));
        places[0].Put(Bad(Main, "refused"));
        Assert.Null(_latest.NotReadyBecause);
        _time.Leap(TimeSpan.FromSeconds(1));
        places[0].Put(Bad(Main, "refused"));
        Assert.Equal("refused", _latest.NotReadyBecause);
    }

    [Fact]
    public void What_is_known_of_a_namespace_that_stays_holds_until_its_next_census_and_of_another_one_nothing()
    {
        _latest.Replace([Main, Blue], Interval)[0].Put(Good(Main));
        ImmutableArray<CensusPlace> places = _latest.Replace([Main with { Watches = [new Watch("new", [8501])] }], Interval);
        Assert.Single(_latest.Snapshot.Namespaces);
        Assert.Null(_latest.NotReadyBecause);

        _latest.Replace([Main with { Namespace = NetworkNamespace.Parse("green") }], Interval);
        Assert.Empty(_latest.Snapshot.Namespaces);
        Assert.NotNull(_latest.NotReadyBecause);
        Assert.Single(places);
    }

    [Fact]
    public void What_was_counted_seldom_is_not_overdue_by_a_shorter_interval_before_it_could_be_counted()
    {
        _latest.Replace([Main], TimeSpan.FromHours(1))[0].Put(Good(Main));
        _time.Leap(TimeSpan.FromHours(2));
        _latest.Replace([Main], Interval);
        Assert.True(Assert.Single(_latest.Snapshot.Namespaces).Succeeded);
    }

    [Fact]
    public void Whoever_was_replaced_changes_nothing_any_more()
    {
        CensusPlace former = _latest.Replace([Main], Interval)[0];
        _latest.Replace([Main], Interval);
        former.Put(Bad(Main, "late"));
        Assert.Empty(_latest.Snapshot.Namespaces);
    }

    private NamespaceCounts Good(WatchedNamespace where) =>
        new() { Netns = where.Label, Duration = TimeSpan.FromMilliseconds(1), LastSuccess = _time.GetUtcNow() };

    private static NamespaceCounts Bad(WatchedNamespace where, string failure) =>
        new() { Netns = where.Label, Duration = TimeSpan.FromMilliseconds(1), LastSuccess = null, Failure = failure };
}
