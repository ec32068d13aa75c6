using Agent.Readings;
using Agent.Tasks;
using Microsoft.Extensions.Logging;

namespace Agent.Watching;

/// <summary>A network namespace as the configuration names it, which censuses are taken of.</summary>
/// <param name="Label">Its configured name; null for the agent's main one.</param>
/// <param name="Where">Where the kernel finds it; null for the one that the agent runs in.</param>
internal sealed record CensusSubject(string? Label, string? Where);

/// <summary>Takes a census of one network namespace at each interval.</summary>
/// <param name="store">Takes the readings.</param>
/// <param name="where">The namespace and the watches in it.</param>
/// <param name="interval">From the start of one census to the start of the next.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs whether the agent can see all dead connections.</param>
/// <param name="open">Opens the census; null for one of this kernel.</param>
internal sealed partial class CensusSource(
    Store store,
    WatchedNamespace where,
    TimeSpan interval,
    TimeProvider time,
    ILogger<CensusSource> logger,
    Func<WatchedNamespace, Census>? open = null) : Source(store)
{
    private Census? _census;
    private Census? _former;
    private string? _deadProblem;

    internal override string Name => where.Label is { } netns ? $"census:{netns}" : "census";

    internal override string Duty => where.Label is { } netns ? $"measure in network namespace {netns}" : "measure";

    // Never equal: after a reload, a census by the new settings is due at once.
    internal override object Identity => this;

    public override object Subject { get; } = new CensusSubject(where.Label, where.Namespace?.Where);

    public override TimeSpan? MaximumAge { get; } = StaleAfter.Of(interval);

    internal override TimeSpan LongestRetryDelay => RetryDelayFor(interval);

    public override IReadOnlyList<HistorySubject> History =>
        [.. where.Watches.Select(watch => new HistorySubject(where.Label, watch.Name, interval))];

    public override Reading? Stale(Reading? last) =>
        (last as NamespaceCounts ?? new NamespaceCounts { Netns = where.Label, Duration = null, LastSuccess = null }) with
        {
            Ports = [],
            UnixSockets = [],
            Watches = [],
            DeadProblem = null,
            DeadAge = null,
            Failure = $"no census has ended for {(long)MaximumAge!.Value.TotalSeconds} s",
        };

    internal override Task RunAsync(Action succeeded, CancellationToken stopping) => DedicatedThread.RunAsync(() => Run(succeeded, stopping));

    internal override void TakeOver(SupervisedTask former)
    {
        CensusSource other = (CensusSource)former;
        _former = other.Subject.Equals(Subject) ? other._census ?? other._former : null;
        _deadProblem = other._deadProblem;
    }

    internal override void Release() => _census?.Dispose();

    private void Run(Action succeeded, CancellationToken stopping)
    {
        Census census = _census ??= Open();
        try
        {
            TakeCensuses(census, succeeded, stopping);
        }
        finally
        {
            if (stopping.IsCancellationRequested)
            {
                // A census that a hanging file system held up opens its socket after Release.
                census.Dispose();
            }
        }
    }

    private void TakeCensuses(Census census, Action succeeded, CancellationToken stopping)
    {
        IntervalTimer timer = new(interval, time);
        do
        {
            NamespaceCounts counts = census.Take();
            if (stopping.IsCancellationRequested)
            {
                return;
            }

            Put(counts);
            if (census.Failure is { } failure)
            {
                throw failure;
            }

            succeeded();
            Report(counts);
        }
        while (timer.Wait(stopping));
    }

    private void Report(NamespaceCounts counts)
    {
        string? deadProblem = counts.DeadProblem;
        // While nothing listens there is nothing to see, and so no news.
        if (deadProblem == _deadProblem || (deadProblem is null && !counts.Ports.Any(port => port.Dead is not null)))
        {
            return;
        }

        _deadProblem = deadProblem;
        string place = where.Label is { } netns ? $"in network namespace {netns}: " : "";
        if (deadProblem is not null)
        {
            LogDeadProblem(place, deadProblem);
        }
        else
        {
            LogAllDeadSeen(place);
        }
    }

    [LoggerMessage(22, LogLevel.Information, "{Place}{Problem}; the numbers of held connections are a minimum")]
    private partial void LogDeadProblem(string place, string problem);

    [LoggerMessage(23, LogLevel.Information, "{Place}the agent sees all dead connections again")]
    private partial void LogAllDeadSeen(string place);

    private Census Open()
    {
        Census census = open?.Invoke(where) ?? new Census(where, time, keepsPeaks: true);
        if (_former is { } former)
        {
            census.TakeOver(former);
            _former = null;
        }

        return census;
    }
}
