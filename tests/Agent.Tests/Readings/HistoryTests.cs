using System.Collections.Immutable;
using Agent.Limits;
using Agent.Limits.Consul;
using Agent.Readings;
using Agent.Tests.Metrics;
using Agent.Watching;
using Microsoft.Extensions.Logging.Abstractions;
using Testing;

namespace Agent.Tests.Readings;

/// <summary>The values of an hour and of a day, on a clock that starts at 0 and that the test advances.</summary>
public sealed class HistoryTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();

    [Fact]
    public void Hour_keeps_each_interval_and_day_the_highest_value_of_each_minute()
    {
        History history = Create(Second);
        foreach (int value in (int[])[3, 9, 4])
        {
            Add(history, value);
            Advance(1);
        }

        // The last second of the first minute, and the first one of the second.
        Advance(56);
        Add(history, 7);
        Advance(1);
        Add(history, 5);

        SubjectHistory kept = history.Of(null, "consul")!;
        ImmutableArray<int?> hour = kept.Hour[HistoryValue.Held];
        Assert.Equal((Second, 3_600, _time.GetUtcNow()), (kept.Hour.Step, hour.Length, kept.Hour.LatestAt));
        Assert.Equal([null, 3, 9, 4, null], hour[^62..^57]);
        Assert.All(hour[^58..^2], value => Assert.Null(value));
        Assert.Equal([7, 5], hour[^2..]);

        ImmutableArray<int?> day = kept.Day[HistoryValue.Held];
        Assert.Equal((TimeSpan.FromMinutes(1), 1_440), (kept.Day.Step, day.Length));
        Assert.Equal([null, 9, 5], day[^3..]);
        Assert.All(kept.Hour[HistoryValue.Limit], value => Assert.Null(value));
        Assert.Null(history.Of("blue", "consul"));
    }

    [Fact]
    public void Values_leave_when_they_are_older_than_their_span()
    {
        History history = Create(Second);
        Add(history, 1);
        Advance(3_599);
        Assert.Equal(1, Hour(history)[0]);
        Advance(1);
        Assert.All(Hour(history), value => Assert.Null(value));
        Assert.Contains(1, Day(history));
        Advance(24 * 3_600);
        Assert.All(Day(history), value => Assert.Null(value));
    }

    [Fact]
    public void Several_values_within_a_second_are_one_point_with_the_highest()
    {
        History history = Create(TimeSpan.FromMilliseconds(100));
        foreach (int value in (int[])[4, 9, 2])
        {
            Add(history, value);
            _time.Leap(TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal([null, 9], Hour(history)[^2..]);
    }

    [Fact]
    public void Steps_are_as_long_as_the_interval()
    {
        History history = Create(TimeSpan.FromSeconds(30));
        Assert.Equal(120, Hour(history).Length);
        Assert.Single(Hour(Create(TimeSpan.FromHours(24))));
    }

    [Fact]
    public void Reload_keeps_the_values_of_subjects_that_stay()
    {
        History former = Create(Second);
        Add(former, 6);
        Advance(5);
        History history = new(_time, [new HistorySubject(null, "consul", Second), new HistorySubject(null, "new", Second)], former);
        Assert.Equal(6, Hour(history)[^6]);
        Assert.All(history.Of(null, "new")!.Hour[HistoryValue.Held], value => Assert.Null(value));
        Assert.Null(new History(_time, [new HistorySubject(null, "new", Second)], former).Of(null, "consul"));
    }

    [Fact]
    public void Two_sources_may_have_values_of_one_subject()
    {
        History history = new(_time, [new HistorySubject(null, "consul", Second), new HistorySubject(null, "consul", 2 * Second)], former: null);
        Add(history, 6);
        Assert.Equal((6, 3_600), (Hour(history)[^1], Hour(history).Length));
    }

    [Theory]
    [InlineData(1, 10)]
    [InlineData(10, 1)]
    [InlineData(7, 3)]
    public void Reload_to_another_interval_keeps_the_values_at_their_time(int before, int after)
    {
        History former = Create(TimeSpan.FromSeconds(before));
        Advance(120);
        Add(former, 6);
        Advance(60);
        History history = Create(TimeSpan.FromSeconds(after), former);
        ImmutableArray<int?> hour = Hour(history);
        // The points within the step of the value, and no others.
        int[] seconds = [.. Enumerable.Range(0, hour.Length).Where(i => hour[i] is not null).Select(i => (180 / after) - (hour.Length - 1 - i)).Select(step => step * after)];
        Assert.NotEmpty(seconds);
        Assert.All(seconds, second => Assert.InRange(second, 120 - Math.Max(before, after) + 1, 120 + Math.Max(before, after) - 1));
        Assert.Contains(seconds, second => second <= 120 && 120 < second + after);
        Assert.Equal(6, Day(history)[^2]);
    }

    [Fact]
    public void A_watch_takes_at_most_150_kB_also_with_the_values_of_later_sources()
    {
        const int RoomFor = 7;
        Assert.True(Create(Second).Bytes * RoomFor / Enum.GetValues<HistoryValue>().Length <= 150_000);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(33, 1)]
    [InlineData(60, 2)]
    [InlineData(3_000, 93)]
    public void Many_watches_have_coarser_steps_and_take_4_MB_at_most(int watches, int seconds)
    {
        History history = new(_time, [.. Enumerable.Range(0, watches).Select(i => new HistorySubject(null, $"{i}", Second))], former: null);
        Assert.InRange(history.Bytes, 1, History.MaxBytes);
        history.Add(null, "0", HistoryValue.Held, 5);
        SubjectHistory kept = history.Of(null, "0")!;
        Assert.Equal(seconds * Second, kept.Hour.Step);
        Assert.Equal(seconds * TimeSpan.FromMinutes(1), kept.Day.Step);
        Assert.Equal(5, kept.Hour[HistoryValue.Held][^1]);
    }

    [Fact]
    public void Store_keeps_a_history_only_where_a_publisher_needs_one_and_through_a_reload()
    {
        Store store = new(_time);
        WatchedNamespace where = new(null, null, [new Watch("consul", [8500]) { Limit = new ClientLimit(200, "x") }]);
        CensusSource census = new(store, where, Second, _time, NullLogger<CensusSource>.Instance);
        store.Replace([census]);
        store.Put(census, Counts(where, 3));
        Assert.Null(store.HistoryOf(null, "consul"));

        store.Replace([census], keepsHistory: true);
        store.Put(census, Counts(where, 4));
        CensusSource next = new(store, where, Second, _time, NullLogger<CensusSource>.Instance);
        Advance(1);
        store.Replace([next], keepsHistory: true);
        store.Put(next, Counts(where, 5));
        SubjectHistory kept = store.HistoryOf(null, "consul")!;
        Assert.Equal([4, 5], kept.Hour[HistoryValue.Held][^2..]);
        Assert.Equal([4, 5], kept.Hour[HistoryValue.HighestClient][^2..]);
        Assert.Equal([200, 200], kept.Hour[HistoryValue.Limit][^2..]);
        Assert.Equal([7, 7], kept.Hour[HistoryValue.AcceptQueue][^2..]);
        Assert.Equal([null, null], kept.Hour[HistoryValue.Dead][^2..]);
        Assert.Equal([null, null], kept.Hour[HistoryValue.TotalLimit][^2..]);

        store.Replace([next]);
        Assert.Null(store.HistoryOf(null, "consul"));
    }

    [Fact]
    public void Limit_that_a_service_tells_is_in_the_history_and_a_failed_census_is_not()
    {
        ConsulEndpoint endpoint = new(new Uri("http://127.0.0.1:8500"));
        WatchedNamespace where = new(null, "blue", [new Watch("consul", [8500]) { LimitFrom = endpoint, Limit = ClientLimit.NotAsked }]);
        Store store = new(_time);
        CensusSource census = new(store, where, Second, _time, NullLogger<CensusSource>.Instance);
        FakeSource limit = new(store, endpoint);
        store.Replace([census, limit], keepsHistory: true);
        store.Put(census, Counts(where, 1));
        Advance(1);
        limit.Put(new LimitReading(endpoint, new ClientLimit(300, "consul")) { Duration = Second });
        store.Put(census, Counts(where, 2));
        Advance(1);
        store.Put(census, new NamespaceCounts { Netns = "blue", Duration = Second, LastSuccess = null, Failure = "refused" });

        SubjectHistory kept = store.HistoryOf("blue", "consul")!;
        Assert.Equal([null, 300, null], kept.Hour[HistoryValue.Limit][^3..]);
        Assert.Equal([1, 2, null], kept.Hour[HistoryValue.Held][^3..]);
    }

    [Fact]
    public void Dead_connections_and_the_total_limit_are_in_the_history_where_they_are_known()
    {
        WatchedNamespace where = new(null, null, [new Watch("consul", [8500]) { TotalLimit = new TotalLimit(1000, "x") }]);
        Store store = new(_time);
        CensusSource census = new(store, where, Second, _time, NullLogger<CensusSource>.Instance);
        store.Replace([census], keepsHistory: true);
        foreach (long? dead in (long?[])[40, null, 0])
        {
            NamespaceCounts counts = Counts(where, 50);
            store.Put(census, counts with { Watches = [counts.Watches[0] with { Dead = dead }] });
            Advance(1);
        }

        SubjectHistory kept = store.HistoryOf(null, "consul")!;
        Assert.Equal([40, null, 0], kept.Hour[HistoryValue.Dead][^4..^1]);
        Assert.Equal([1000, 1000, 1000], kept.Hour[HistoryValue.TotalLimit][^4..^1]);
    }

    private static ImmutableArray<int?> Hour(History history) => history.Of(null, "consul")!.Hour[HistoryValue.Held];

    private static ImmutableArray<int?> Day(History history) => history.Of(null, "consul")!.Day[HistoryValue.Held];

    private static void Add(History history, int value) => history.Add(null, "consul", HistoryValue.Held, value);

    private static NamespaceCounts Counts(WatchedNamespace where, int held) => new()
    {
        Netns = where.Label,
        Duration = Second,
        LastSuccess = DateTimeOffset.UnixEpoch,
        Ports = [new PortCounts(8500, held, 0, 0, new AcceptQueue(7, 128))],
        Watches = [new WatchCounts(where.Watches[0], held, 1, held, held, [ExampleSnapshots.Client("192.0.2.7", held)])],
    };

    private void Advance(long seconds) => _time.Leap(TimeSpan.FromSeconds(seconds));

    private History Create(TimeSpan interval, History? former = null) => new(_time, [new HistorySubject(null, "consul", interval)], former);
}
