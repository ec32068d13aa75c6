using Agent.Hosting;
using Agent.Limits;
using Agent.Limits.Consul;
using Agent.Readings;
using Agent.Tests.Hosting;
using Testing;

namespace Agent.Tests.Limits;

/// <summary>The source of a limit under a supervisor, on a clock that the test sets.</summary>
public sealed class LimitSourceTests : IAsyncDisposable
{
    private const string Source = "consul at http://127.0.0.1:8500";
    private static readonly ConsulEndpoint Endpoint = new(new Uri("http://127.0.0.1:8500"));
    private static readonly ClientLimit Known = new(200, Source) { Refusal = Refusal.No };
    private static readonly ClientLimit Refused = ClientLimit.Unknown(Source, "429", Refusal.Yes);

    private readonly ManualTime _time = new();
    private readonly RecordingLogger<LimitSource> _log = new();
    private readonly ScriptedService _service = new();
    private readonly Store _store;
    private readonly Supervisor _supervisor;

    public LimitSourceTests()
    {
        _store = new Store(_time);
        _supervisor = new Supervisor(_time, new RecordingLogger<Supervisor>());
    }

    [Fact]
    public async Task Service_is_asked_at_once_and_then_every_minute()
    {
        await Start(() => Known);
        await Asked(1);
        Assert.Equal(Known, Current);
        for (int asked = 2; asked <= 10; asked++)
        {
            Assert.Equal(TimeSpan.FromMinutes(1), _time.UntilNext);
            _time.Leap(LimitSource.Period);
            await Asked(asked);
        }

        Assert.Equal([$"Information: limit per client, by {Source}: 200"], _log.Lines);
    }

    [Fact]
    public async Task Change_of_the_limit_is_logged_also_to_none()
    {
        await Start(() => Known);
        await Asked(1);
        _service.Answer = () => new ClientLimit(null, Source) { Refusal = Refusal.No };
        _time.Leap(LimitSource.Period);
        await Asked(2);
        Assert.Equal(new ClientLimit(null, Source) { Refusal = Refusal.No }, Current);
        Assert.Equal(
            [$"Information: limit per client, by {Source}: 200", $"Information: limit per client, by {Source}: none"],
            _log.Lines);
    }

    [Fact]
    public async Task Failed_question_is_repeated_after_growing_pauses_of_at_most_five_minutes()
    {
        await Start(Failing("refused"));
        List<TimeSpan> waits = [];
        for (int asked = 1; asked <= 33; asked++)
        {
            await Asked(asked);
            waits.Add(_time.UntilNext!.Value);
            _time.Leap(waits[^1]);
        }

        Assert.True(waits[0] < TimeSpan.FromSeconds(10), $"the first pause must be short, and is {waits[0]}");
        Assert.All(waits, wait => Assert.InRange(wait, TimeSpan.FromTicks(1), LimitSource.LongestPause));
        // The jitter shortens some pauses until the pauses are the longest.
        Assert.All(waits[18..], wait => Assert.Equal(LimitSource.LongestPause, wait));
        Assert.Equal(ClientLimit.Unknown(Source, "refused", Refusal.Unknown), Current);
    }

    [Fact]
    public async Task Limit_is_unknown_before_the_first_answer()
    {
        ClientLimit before = Current;
        Assert.True(before.IsUnknown);
        Assert.Null(before.Value);
        Assert.Null(before.IsRefused);
        await Start(Failing("403", Refusal.No));
        await Asked(1);
        Assert.Equal((true, null, false), (Current.IsUnknown, Current.Value, Current.IsRefused));
    }

    [Fact]
    public async Task Answer_429_is_followed_by_a_question_soon()
    {
        int answered = 0;
        _service.Answer = () => Refused;
        Task running = Asking(_service, _time, _store).RunAsync(() => answered++, TestContext.Current.CancellationToken);
        for (int asked = 1; asked <= 3; asked++)
        {
            await Asked(asked);
            Assert.Equal((asked, LimitSource.PeriodWhileRefused), (answered, _time.UntilNext));
            Assert.Equal((null, true, true), (Current.Value, Current.IsUnknown, Current.IsRefused));
            _time.Leap(LimitSource.PeriodWhileRefused);
        }

        _service.Answer = () => Known;
        await Asked(4);
        _time.Leap(LimitSource.PeriodWhileRefused);
        await Asked(5);
        Assert.Equal(Known, Current);
        Assert.False(running.IsCompleted);
        // The limit was never known before, so it is not "known again".
        Assert.Equal(
            ["Warning: 429; the limit is unknown, asking again every 10 s", $"Information: limit per client, by {Source}: 200"], _log.Lines);
    }

    [Fact]
    public async Task Answer_429_keeps_the_known_limit()
    {
        await Start(() => Known);
        await Asked(1);
        _service.Answer = () => Refused;
        _time.Leap(LimitSource.Period);
        await Asked(2);
        Assert.Equal((200, false, true), (Current.Value, Current.IsUnknown, Current.IsRefused));
        _service.Answer = Failing("gone", Refusal.Unknown);
        _time.Leap(LimitSource.PeriodWhileRefused);
        await Asked(3);
        Assert.Equal((200, false, null), (Current.Value, Current.IsUnknown, Current.IsRefused));
        _service.Answer = () => Known;
        _time.Leap(_time.UntilNext!.Value);
        await Asked(4);
        Assert.Equal(Known, Current);
        Assert.Equal(
            [
                $"Information: limit per client, by {Source}: 200",
                "Warning: 429; keeping the limit 200, which is 00:01:00 old, and asking again every 10 s",
                "Warning: cannot refresh the limit per client: gone; keeping 200, which is 00:01:10 old, and asking again at growing intervals",
                $"Information: limit per client, by {Source}, known again: 200",
            ],
            _log.Lines);
    }

    [Fact]
    public async Task Pause_is_the_longest_one_even_after_weeks_without_an_answer()
    {
        await Start(Failing("refused"));
        for (int asked = 1; asked <= 3000; asked++)
        {
            await Asked(asked);
            if (asked > 18)
            {
                Assert.Equal(LimitSource.LongestPause, _time.UntilNext);
            }

            _time.Leap(_time.UntilNext!.Value);
        }

        Assert.Single(_log.Lines);
    }

    [Fact]
    public async Task Agents_that_start_together_do_not_ask_together_after_a_failure()
    {
        ManualTime otherTime = new();
        ScriptedService otherService = new() { Answer = Failing("refused") };
        using Supervisor other = new(otherTime, new RecordingLogger<Supervisor>());
        await Start(Failing("refused"));
        await other.ReplaceAsync([Asking(otherService, otherTime, new Store(otherTime))]);
        await Asked(1);
        await Poll.Until(() => otherService.Asked == 1 && otherTime.UntilNext is not null, "the other agent has asked");
        Assert.NotEqual(_time.UntilNext, otherTime.UntilNext);
        await other.StopAsync();
    }

    [Fact]
    public async Task Last_known_limit_is_kept_and_its_age_is_logged()
    {
        await Start(() => Known);
        await Asked(1);
        _service.Answer = Failing("refused");
        _time.Leap(LimitSource.Period);
        await Asked(2);
        ClientLimit kept = Known with { Problem = "refused", Refusal = Refusal.Unknown };
        Assert.Equal(kept, Current);

        for (int asked = 3; asked <= 6; asked++)
        {
            _time.Leap(_time.UntilNext!.Value);
            await Asked(asked);
            Assert.Equal(kept, Current);
        }

        _service.Answer = () => Known with { Value = 300 };
        _time.Leap(_time.UntilNext!.Value);
        await Asked(7);
        Assert.Equal(Known with { Value = 300 }, Current);
        Assert.Equal(
            [
                $"Information: limit per client, by {Source}: 200",
                "Warning: cannot refresh the limit per client: refused; keeping 200, which is 00:01:00 old, and asking again at growing intervals",
                $"Information: limit per client, by {Source}, known again: 300",
            ],
            _log.Lines);
    }

    [Fact]
    public async Task Failure_is_logged_once_until_its_reason_changes()
    {
        await Start(Failing("refused"));
        int asked = 1;
        foreach (string reason in new[] { "refused", "refused", "403", "403", "refused" })
        {
            _service.Answer = Failing(reason);
            await Asked(asked);
            _time.Leap(_time.UntilNext!.Value);
            await Asked(++asked);
        }

        _service.Answer = () => Known;
        _time.Leap(_time.UntilNext!.Value);
        await Asked(asked + 1);
        Assert.Equal(
            [
                "Warning: cannot read the limit per client: refused; the limit is unknown, asking again at growing intervals",
                "Warning: cannot read the limit per client: 403; the limit is unknown, asking again at growing intervals",
                "Warning: cannot read the limit per client: refused; the limit is unknown, asking again at growing intervals",
                $"Information: limit per client, by {Source}: 200",
            ],
            _log.Lines);
    }

    [Fact]
    public async Task Unexpected_exception_does_not_end_the_service()
    {
        await Start(() => throw new InvalidOperationException("a defect"));
        await Asked(1);
        _service.Answer = () => Known;
        _time.Leap(_time.UntilNext!.Value);
        await Asked(2);
        Assert.Equal(Known, Current);
        Assert.StartsWith("Warning: cannot read the limit per client: InvalidOperationException: a defect;", _log.Lines[0]);
    }

    [Fact]
    public async Task Stop_ends_the_service_while_it_waits_for_the_next_question()
    {
        await Start(Failing("refused"));
        await Asked(1);
        await _supervisor.StopAsync();
        Assert.Null(_time.UntilNext);
    }

    [Fact]
    public async Task Known_limit_is_kept_by_a_source_of_another_name_after_a_reload()
    {
        await Start(() => Known);
        await Asked(1);
        _service.Answer = Failing("gone");
        await _supervisor.StopAsync();
        _time.Leap(LimitSource.Period);

        using Supervisor after = new(_time, new RecordingLogger<Supervisor>());
        LimitSource next = new(_store, "another name", Endpoint, _service, _time, _log);
        _store.Replace([next]);
        await after.ReplaceAsync([next]);
        await Asked(2);
        Assert.Equal((200, false, "gone"), (Current.Value, Current.IsUnknown, Current.Problem));
        Assert.Equal(
            "Warning: cannot refresh the limit per client: gone; keeping 200, which is 00:01:00 old, and asking again at growing intervals", _log.Lines[^1]);
        await after.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _supervisor.StopAsync();
        _supervisor.Dispose();
    }

    private ClientLimit Current => LimitReading.Of(Endpoint, ClientLimit.NotAsked, _store.View);

    private static Func<ClientLimit> Failing(string problem, Refusal refusal = Refusal.Unknown) =>
        () => throw new LimitUnknownException(problem, refusal);

    private async Task Start(Func<ClientLimit> answer)
    {
        _service.Answer = answer;
        await _supervisor.ReplaceAsync([Asking(_service, _time, _store)]);
    }

    private LimitSource Asking(ScriptedService service, ManualTime time, Store store)
    {
        LimitSource source = new(store, Endpoint.Root, Endpoint, service, time, _log);
        store.Replace([source]);
        return source;
    }

    /// <summary>Waits until the service was asked this many times and the source waits to ask again.</summary>
    private async Task Asked(int times)
    {
        await Poll.Until(() => _service.Asked >= times && _time.UntilNext is not null, $"the service is asked (question {times})");
        Assert.Equal(times, _service.Asked);
    }

    /// <summary>Gives the answer that the test has set, and counts the questions.</summary>
    private sealed class ScriptedService : ILimitService
    {
        private int _asked;

        internal Func<ClientLimit> Answer { get; set; } = () => Known;

        internal int Asked => Volatile.Read(ref _asked);

        public string Name => Source;

        public Task<ClientLimit> AskAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _asked);
            return Task.FromResult(Answer());
        }
    }
}
