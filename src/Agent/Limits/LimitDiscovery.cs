using Microsoft.Extensions.Logging;

namespace Agent.Limits;

/// <summary>
/// Keeps a limit known that a service decides: asks at the start and then regularly. It runs beside the census, which takes what is known at
/// the moment and never waits.
/// </summary>
/// <param name="source">The service.</param>
/// <param name="learn">Takes what each question brought, also where that was no limit.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">For the changes.</param>
internal sealed partial class LimitDiscovery(
    ILimitSource source, Action<ClientLimit> learn, TimeProvider time, ILogger<LimitDiscovery> logger)
{
    /// <summary>From an answer to the next question: how old it may be that the service refuses the agent's address, or that it does not.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromMinutes(1);

    /// <summary>The same while the service refuses the agent's address, for the end to be seen soon.</summary>
    internal static readonly TimeSpan PeriodWhileRefused = TimeSpan.FromSeconds(10);

    /// <summary>The longest pause after questions without an answer.</summary>
    internal static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    private Known? _lastKnown;
    private string? _problem;

    /// <summary>Asks, and asks again, until there is no answer.</summary>
    /// <param name="answered">Is called at each answer, also where that is 429.</param>
    /// <param name="stopping">Ends it.</param>
    /// <exception cref="LimitUnknownException">There was no answer, or another one. This was logged, unless it was the last thing to be logged.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stopping"/> was cancelled.</exception>
    internal async Task RunAsync(Action answered, CancellationToken stopping)
    {
        while (true)
        {
            ClientLimit latest = await AskAsync(stopping);
            learn(latest);
            if (latest.Problem is { } problem)
            {
                ReportProblem(problem, LogRefused, LogRefusedKeeping);
            }
            else
            {
                ReportKnown(latest);
            }

            answered();
            await Task.Delay(latest.Refusal == Refusal.Yes ? PeriodWhileRefused : Period, time, stopping);
        }
    }

    private async Task<ClientLimit> AskAsync(CancellationToken stopping)
    {
        try
        {
            return await source.AskAsync(stopping);
        }
        catch (Exception failure) when (!stopping.IsCancellationRequested)
        {
            ClientLimit unknown = LimitUnknownException.ToLimit(source.Name, failure);
            learn(unknown);
            ReportProblem(unknown.Problem!, LogCannotLearn, LogCannotRenew);
            throw;
        }
    }

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

    [LoggerMessage(33, LogLevel.Warning, "cannot learn the limit per client: {Problem}; the limit is unknown, asking again at growing intervals")]
    private partial void LogCannotLearn(string problem);

    [LoggerMessage(34, LogLevel.Warning,
        "cannot renew the limit per client: {Problem}; keeping {Limit}, which is {Age} old, and asking again at growing intervals")]
    private partial void LogCannotRenew(string problem, string limit, TimeSpan age);

    [LoggerMessage(35, LogLevel.Warning, "{Problem}; the limit is unknown, asking again every 10 s")]
    private partial void LogRefused(string problem);

    [LoggerMessage(36, LogLevel.Warning, "{Problem}; keeping the limit {Limit}, which is {Age} old, and asking again every 10 s")]
    private partial void LogRefusedKeeping(string problem, string limit, TimeSpan age);

    /// <summary>A limit and when it was told.</summary>
    private sealed record Known(ClientLimit Limit, long Timestamp);
}
