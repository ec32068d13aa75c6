using System.Globalization;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;

namespace Agent.Watching.Limits;

/// <summary>
/// Keeps a limit known that somebody else decides: asks at once and every few minutes, more often at first where there is no answer, and keeps
/// the last good one. It runs beside the census, which takes what is known at the moment and never waits.
/// </summary>
internal sealed partial class LimitDiscovery
{
    /// <summary>From one answer to the next question, and at the most from one question without an answer to the next.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(2);

    private readonly ILimitSource _source;
    private readonly TimeProvider _time;
    private readonly ILogger<LimitDiscovery> _logger;
    private readonly ResiliencePipeline _untilAnswered;
    private volatile Answer? _last;
    private string? _failure;

    internal LimitDiscovery(ILimitSource source, TimeProvider time, ILogger<LimitDiscovery> logger)
    {
        _source = source;
        _time = time;
        _logger = logger;
        _untilAnswered = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = FirstRetry,
                MaxDelay = Period,
                ShouldHandle = attempt => ValueTask.FromResult(
                    attempt.Outcome.Exception is not null && !attempt.Context.CancellationToken.IsCancellationRequested),
                OnRetry = attempt =>
                {
                    ReportFailure(attempt.Outcome.Exception!);
                    return default;
                },
            })
            .Build();
    }

    /// <summary>What was answered last; null until something was.</summary>
    internal ClientLimit? Current => _last?.Limit;

    /// <summary>Asks for as long as the agent runs, whatever is answered.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="stoppingToken"/> was cancelled: it ends in no other way.</exception>
    internal async Task RunAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            ClientLimit limit = await _untilAnswered.ExecuteAsync(async token => await _source.AskAsync(token), stoppingToken);
            ReportAnswer(limit);
            _last = new Answer(limit, _time.GetTimestamp());
            await Task.Delay(Period, _time, stoppingToken);
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
        string reason = failure is LimitUnknownException ? failure.Message : $"{failure.GetType().Name}: {failure.Message}";
        if (reason == _failure)
        {
            return;
        }

        _failure = reason;
        if (_last is { } last)
        {
            LogCannotRenew(reason, Describe(last.Limit), TimeSpan.FromSeconds((long)_time.GetElapsedTime(last.Timestamp).TotalSeconds));
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
