using Polly;
using Polly.Retry;

namespace Agent.Hosting;

/// <summary>The pauses before something that has failed is tried again: growing, with jitter, so that not all agents of a fleet come at once.</summary>
internal static class Backoff
{
    /// <summary>Makes a pipeline that tries again for as long as there is an exception and it is not cancelled.</summary>
    /// <param name="first">About how long the first pause is.</param>
    /// <param name="longest">How long each is at the most.</param>
    /// <param name="time">The clock.</param>
    internal static ResiliencePipeline Create(TimeSpan first, TimeSpan longest, TimeProvider time) =>
        new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = first,
                MaxDelay = longest,
                ShouldHandle = attempt => ValueTask.FromResult(
                    attempt.Outcome.Exception is not null && !attempt.Context.CancellationToken.IsCancellationRequested),
            })
            .Build();
}
