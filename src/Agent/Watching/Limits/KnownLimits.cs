using System.Collections.Concurrent;

namespace Agent.Watching.Limits;

/// <summary>The limits that others decide, as far as they have told them. They tell at any time; censuses ask at any time.</summary>
internal sealed class KnownLimits
{
    private readonly ConcurrentDictionary<ConsulEndpoint, ClientLimit> _answers = new();

    /// <summary>Remembers what was answered.</summary>
    internal void Learn(ConsulEndpoint from, ClientLimit limit) => _answers[from] = limit;

    /// <summary>What was answered last, or what holds until then.</summary>
    internal ClientLimit Of(Watch watch) =>
        watch.LimitFrom is { } endpoint && _answers.TryGetValue(endpoint, out ClientLimit answer) ? answer : watch.Limit;
}
