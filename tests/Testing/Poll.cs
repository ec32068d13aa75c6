using System.Diagnostics;

namespace Testing;

/// <summary>Waits for a condition instead of a fixed time.</summary>
internal static class Poll
{
    /// <summary>The timeout, long enough for a busy machine. A test that succeeds earlier does not wait for it.</summary>
    internal static readonly TimeSpan Timeout = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    internal static Task Until(Func<bool> condition, string what) => Until(() => Task.FromResult(condition()), what);

    internal static Task Until(Func<Task<bool>> condition, string what) => InCleanUp(condition, what, TestContext.Current.CancellationToken);

    /// <summary>The same for cleaning up, when the test may have ended or been cancelled.</summary>
    internal static async Task InCleanUp(Func<Task<bool>> condition, string what, CancellationToken cancellationToken)
    {
        using PeriodicTimer pause = new(Pause);
        Stopwatch waited = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(waited.Elapsed < Timeout, $"not within {Timeout.TotalSeconds:0} s: {what}");
            await pause.WaitForNextTickAsync(cancellationToken);
        }
    }

    /// <summary>Repeats a question until the answer matches the condition.</summary>
    /// <returns>That answer.</returns>
    internal static async Task<T> For<T>(Func<T> ask, Func<T, bool> condition, string what)
    {
        T answer = ask();
        await Until(() => condition(answer) || condition(answer = ask()), what);
        return answer;
    }
}
