using Agent.Limits.Consul;
using Agent.Readings;
using Agent.Tasks;
using Microsoft.Extensions.Logging;

namespace Agent.Limits;

/// <summary>
/// Asks a service for its limit at the start and then regularly. It runs beside the census, which never waits for it. The last limit that the
/// service told stays in force until the service tells another one.
/// </summary>
/// <param name="store">Takes the readings.</param>
/// <param name="name">The service, in the name of the task.</param>
/// <param name="endpoint">The service and how it is asked.</param>
/// <param name="service">Asks it.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Logs changes.</param>
internal sealed partial class LimitSource(
    Store store, string name, ConsulEndpoint endpoint, ILimitService service, TimeProvider time, ILogger<LimitSource> logger) : Source(store)
{
    /// <summary>From an answer to the next question: how old a change of the limit, or a 429, may become before it is seen.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    /// <summary>The same while the service answers 429, so that the end of it is seen soon.</summary>
    internal static readonly TimeSpan PeriodWhileRefused = TimeSpan.FromSeconds(10);

    /// <summary>The longest pause after questions that were not answered.</summary>
    internal static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    // A question times out after 2 s. Only a file on a disk that does not respond takes longer.
    private static readonly TimeSpan LongestQuestion = TimeSpan.FromSeconds(30);

    private readonly StepTimer _question = new(time);
    private Known? _lastKnown;
    private string? _problem;

    internal override string Name => $"limit:{name}";

    internal override string Duty => $"ask {endpoint.Name} for the limit per client";

    internal override object Identity => endpoint;

    public override object Subject => endpoint;

    internal override TimeSpan FirstRetryDelay => TimeSpan.FromSeconds(2);

    internal override TimeSpan LongestRetryDelay => LongestPause;

    internal override TimeSpan? HangTimeout => LongestQuestion;

    // The pauses are long, so that only the question counts.
    internal override bool IsHanging => _question.IsLongerThan(LongestQuestion);

    // The census goes on without a limit.
    internal override bool GatesReadiness => false;

    // Each reason once, with the limit that stays in force and its age.
    internal override bool LogsOwnFailures => true;

    /// <summary>Makes a source for each service that one of the watches names.</summary>
    /// <returns>The sources, named after the address; with a number where there are several ways to ask one address.</returns>
    internal static IEnumerable<LimitSource> For(
        Store store, IEnumerable<ConsulEndpoint> services, TimeProvider time, ILogger<LimitSource> logger) => services
        .Distinct()
        .GroupBy(endpoint => endpoint.Root)
        .SelectMany(same => same.Select((endpoint, i) => new LimitSource(
            store, i == 0 ? same.Key : $"{same.Key}#{i + 1}", endpoint, new ConsulLimit(endpoint, time), time, logger)));

    /// <exception cref="LimitUnknownException">
    /// The service did not answer, or not with a limit or 429. The reason is logged, unless it is the one that was logged last.
    /// </exception>
    /// <exception cref="OperationCanceledException"><paramref name="stopping"/> was cancelled.</exception>
    internal override async Task RunAsync(Action succeeded, CancellationToken stopping)
    {
        if (_lastKnown is null && Latest is LimitReading { KnownAt: { } knownAt } former)
        {
            // The source of this service had another name before a reload.
            (_lastKnown, _problem) = (new Known(former.Limit with { Problem = null }, knownAt), former.Limit.Problem);
        }

        while (true)
        {
            long begun = time.GetTimestamp();
            ClientLimit latest = await AskAsync(begun, stopping);
            Put(latest, begun);
            if (latest.Problem is { } problem)
            {
                ReportProblem(problem, LogRefused, LogRefusedKeeping);
            }
            else
            {
                ReportKnown(latest);
            }

            succeeded();
            await Task.Delay(latest.Refusal == Refusal.Yes ? PeriodWhileRefused : Period, time, stopping);
        }
    }

    private async Task<ClientLimit> AskAsync(long begun, CancellationToken stopping)
    {
        try
        {
            using (_question.Begin())
            {
                return await service.AskAsync(stopping);
            }
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            ClientLimit unknown = LimitUnknownException.ToLimit(service.Name, failure);
            Put(unknown, begun);
            ReportProblem(unknown.Problem!, LogCannotRead, LogCannotRefresh);
            throw;
        }
    }

    /// <summary>Puts the answer into the store; where it has no limit, the last known one with the problem.</summary>
    private void Put(ClientLimit latest, long begun) => Put(new LimitReading(
        endpoint,
        latest.IsUnknown && _lastKnown is { } last ? last.Limit with { Problem = latest.Problem, Refusal = latest.Refusal } : latest)
    {
        Duration = time.GetElapsedTime(begun),
        Failure = latest.Problem,
        KnownAt = latest.IsUnknown ? _lastKnown?.Timestamp : time.GetTimestamp(),
    });

    private void ReportKnown(ClientLimit limit)
    {
        if (_problem is not null && _lastKnown is not null)
        {
            LogKnownAgain(limit.Source, limit.Text);
        }
        else if (_lastKnown?.Limit != limit)
        {
            LogKnown(limit.Source, limit.Text);
        }

        _problem = null;
        _lastKnown = new Known(limit, time.GetTimestamp());
    }

    /// <summary>Logs a problem when it begins or changes.</summary>
    private void ReportProblem(string problem, Action<string> logUnknown, Action<string, string, TimeSpan> logKeeping)
    {
        if (problem == _problem)
        {
            return;
        }

        _problem = problem;
        if (_lastKnown is { } last)
        {
            logKeeping(problem, last.Limit.Text, TimeSpan.FromSeconds((long)time.GetElapsedTime(last.Timestamp).TotalSeconds));
        }
        else
        {
            logUnknown(problem);
        }
    }

    [LoggerMessage(31, LogLevel.Information, "limit per client, by {Source}: {Limit}")]
    private partial void LogKnown(string source, string limit);

    [LoggerMessage(32, LogLevel.Information, "limit per client, by {Source}, known again: {Limit}")]
    private partial void LogKnownAgain(string source, string limit);

    [LoggerMessage(33, LogLevel.Warning, "cannot read the limit per client: {Problem}; the limit is unknown, asking again at growing intervals")]
    private partial void LogCannotRead(string problem);

    [LoggerMessage(34, LogLevel.Warning,
        "cannot refresh the limit per client: {Problem}; keeping {Limit}, which is {Age} old, and asking again at growing intervals")]
    private partial void LogCannotRefresh(string problem, string limit, TimeSpan age);

    [LoggerMessage(35, LogLevel.Warning, "{Problem}; the limit is unknown, asking again every 10 s")]
    private partial void LogRefused(string problem);

    [LoggerMessage(36, LogLevel.Warning, "{Problem}; keeping the limit {Limit}, which is {Age} old, and asking again every 10 s")]
    private partial void LogRefusedKeeping(string problem, string limit, TimeSpan age);

    /// <summary>A limit and when it was told.</summary>
    private sealed record Known(ClientLimit Limit, long Timestamp);
}
