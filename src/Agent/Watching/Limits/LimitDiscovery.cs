using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Agent.Watching.Limits;

/// <summary>
/// Keeps a limit known that somebody else decides: asks at once and every few minutes. It runs beside the census, which takes what is known at
/// the moment and never waits.
/// </summary>
internal sealed partial class LimitDiscovery(
    ILimitSource source, Action<ClientLimit> learn, TimeProvider time, ILogger<LimitDiscovery> logger)
{
    /// <summary>From one answer to the next question.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromMinutes(5);

    private Answer? _last;
    private string? _failure;

    /// <summary>Asks, and asks again, until there is no answer. What was answered last holds nevertheless.</summary>
    /// <param name="answered">Is called at each answer.</param>
    /// <param name="stopping">Ends it.</param>
    /// <exception cref="LimitUnknownException">There was no answer. This was logged, unless it was the last thing to be logged.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stopping"/> was cancelled.</exception>
    internal async Task RunAsync(Action answered, CancellationToken stopping)
    {
        while (true)
        {
            ClientLimit limit = await AskAsync(stopping);
            learn(limit);
            ReportAnswer(limit);
            _last = new Answer(limit, time.GetTimestamp());
            answered();
            await Task.Delay(Period, time, stopping);
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
            ReportFailure(failure);
            throw;
        }
    }

    private void ReportAnswer(ClientLimit limit)
    {
        if (_failure is not null)
        {
            _failure = null;
            LogKnownAgain(limit.Source, Describe(limit));
        }
        else if (_last?.Limit != limit)
        {
            LogKnown(limit.Source, Describe(limit));
        }
    }

    private void ReportFailure(Exception failure)
    {
        string reason = LimitUnknownException.Reason(failure);
        if (reason == _failure)
        {
            return;
        }

        _failure = reason;
        if (_last is { } last)
        {
            LogCannotRenew(reason, Describe(last.Limit), TimeSpan.FromSeconds((long)time.GetElapsedTime(last.Timestamp).TotalSeconds));
        }
        else
        {
            LogCannotLearn(reason);
        }
    }

    private static string Describe(ClientLimit limit) => limit.Value?.ToString(CultureInfo.InvariantCulture) ?? "none";

    [LoggerMessage(31, LogLevel.Information, "limit per client, by {Source}: {Limit}")]
    private partial void LogKnown(string source, string limit);

    [LoggerMessage(32, LogLevel.Information, "limit per client, by {Source}, known again: {Limit}")]
    private partial void LogKnownAgain(string source, string limit);

    [LoggerMessage(33, LogLevel.Warning, "cannot learn the limit per client: {Reason}; none is known yet, asking again at growing intervals")]
    private partial void LogCannotLearn(string reason);

    [LoggerMessage(34, LogLevel.Warning,
        "cannot renew the limit per client: {Reason}; keeping {Limit}, which is {Age} old, and asking again at growing intervals")]
    private partial void LogCannotRenew(string reason, string limit, TimeSpan age);

    /// <summary>An answer and when it came.</summary>
    private sealed record Answer(ClientLimit Limit, long Timestamp);
}
