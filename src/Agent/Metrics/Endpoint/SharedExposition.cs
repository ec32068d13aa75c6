using Agent.Watching;

namespace Agent.Metrics.Endpoint;

/// <summary>
/// What scrapes are answered with. Any number of threads may ask at once: those that ask for the same format within a moment get the same
/// bytes, so that a flood of scrapes costs no more than ten a second do.
/// </summary>
/// <param name="build">Which agent this is.</param>
/// <param name="snapshot">Tells what is known now, and does not wait for the kernel.</param>
/// <param name="figures">Tells of the agent's work.</param>
/// <param name="time">Tells how old an answer is.</param>
internal sealed class SharedExposition(BuildInformation build, Func<Snapshot> snapshot, Func<AgentFigures> figures, TimeProvider time)
{
    /// <summary>No answer is older than this.</summary>
    internal static readonly TimeSpan OldestAnswer = TimeSpan.FromMilliseconds(100);

    private readonly Lock _gate = new();
    private readonly EndpointExposition _text = new(build, ExpositionFormat.Text);
    private readonly EndpointExposition _openMetrics = new(build, ExpositionFormat.OpenMetrics);
    private Answer? _lastText;
    private Answer? _lastOpenMetrics;

    /// <returns>The whole exposition; the bytes are not changed afterwards.</returns>
    internal ReadOnlyMemory<byte> Render(ExpositionFormat format)
    {
        lock (_gate)
        {
            return format == ExpositionFormat.OpenMetrics ? Render(_openMetrics, ref _lastOpenMetrics) : Render(_text, ref _lastText);
        }
    }

    private byte[] Render(EndpointExposition exposition, ref Answer? last)
    {
        if (last is null || time.GetElapsedTime(last.RenderedAt) >= OldestAnswer)
        {
            long now = time.GetTimestamp();
            last = new Answer(exposition.Render(snapshot(), figures()), now);
        }

        return last.Bytes;
    }

    private sealed record Answer(byte[] Bytes, long RenderedAt);
}
