using Polly;
using Polly.Retry;

namespace Agent.Hosting;

/// <summary>
/// The pauses before a task that failed is started again. They grow with each failure in a row, and have jitter, so that the agents of a fleet do
/// not act at the same time.
/// </summary>
internal static class Backoff
{
    private const int MostDoublings = 30;

    /// <summary>Makes a pipeline that runs a task again after each failure, until it is cancelled.</summary>
    /// <param name="pause">Returns the pause after the latest failure.</param>
    /// <param name="time">The clock.</param>
    internal static ResiliencePipeline Create(Func<TimeSpan> pause, TimeProvider time) =>
        new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = int.MaxValue,
                DelayGenerator = _ => ValueTask.FromResult<TimeSpan?>(pause()),
                ShouldHandle = attempt => ValueTask.FromResult(
                    attempt.Outcome.Exception is not null && !attempt.Context.CancellationToken.IsCancellationRequested),
            })
            .Build();

    /// <param name="failuresInARow">How many failures have followed each other, at least 1.</param>
    /// <param name="first">About how long the first pause is.</param>
    /// <param name="longest">The longest pause.</param>
    internal static TimeSpan PauseAfter(int failuresInARow, TimeSpan first, TimeSpan longest)
    {
        double jitter = 0.5 + Random.Shared.NextDouble();
        TimeSpan pause = first * jitter * Math.Pow(2, Math.Min(failuresInARow - 1, MostDoublings));
        return pause < longest ? pause : longest;
    }
}
