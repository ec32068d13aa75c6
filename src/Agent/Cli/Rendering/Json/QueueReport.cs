using Agent.Watching;

namespace Agent.Cli.Rendering.Json;

/// <summary>Accept queues, summed.</summary>
/// <param name="Length">Connections that wait.</param>
/// <param name="Limit">How many may wait.</param>
internal sealed record QueueReport(long Length, long Limit)
{
    internal static QueueReport? Of(AcceptQueue? queue) => queue is { } some ? new QueueReport(some.Length, some.Limit) : null;
}
