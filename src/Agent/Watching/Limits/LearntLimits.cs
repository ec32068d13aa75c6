using System.Collections.Immutable;

namespace Agent.Watching.Limits;

/// <summary>The limits that others decide, of one moment: what they have answered, and why not where they have not.</summary>
internal sealed class LearntLimits
{
    private readonly Dictionary<ConsulEndpoint, ClientLimit> _answers = [];
    private readonly List<string> _failures = [];

    /// <summary>Why limits are not known, one line each.</summary>
    internal IReadOnlyList<string> Failures => _failures;

    /// <summary>Asks everybody whom a watch names, once and all at the same time.</summary>
    internal static LearntLimits Ask(IEnumerable<Watch> watches, TimeProvider time)
    {
        LearntLimits learnt = new();
        ImmutableArray<ConsulEndpoint> endpoints = [.. watches.Select(watch => watch.LimitFrom).OfType<ConsulEndpoint>().Distinct()];
        Task<ClientLimit>[] answers = [.. endpoints.Select(endpoint => new ConsulLimit(endpoint, time).AskAsync(CancellationToken.None))];
        for (int i = 0; i < endpoints.Length; i++)
        {
            try
            {
                learnt._answers[endpoints[i]] = answers[i].GetAwaiter().GetResult();
            }
            catch (Exception failure)
            {
                // Every one: what nobody has foreseen is no reason not to count.
                learnt._failures.Add(LimitUnknownException.Reason(failure));
            }
        }

        return learnt;
    }

    internal ClientLimit LimitOf(Watch watch) =>
        watch.LimitFrom is { } endpoint && _answers.TryGetValue(endpoint, out ClientLimit answer) ? answer : watch.Limit;
}
