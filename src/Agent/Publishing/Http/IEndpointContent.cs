using Agent.Configuration;
using Agent.Metrics.Endpoint;
using Prometheus;

namespace Agent.Publishing.Http;

/// <summary>What the endpoint shows. Any number of threads ask at once, and none of them waits for the kernel.</summary>
internal interface IEndpointContent
{
    /// <summary>The settings in force, without secrets.</summary>
    IReadOnlyList<EffectiveSetting> Settings { get; }

    /// <returns>The metrics as they are now.</returns>
    RenderedMetrics RenderMetrics(ExpositionFormat format);

    /// <returns>Why the agent has no numbers to rely on, in one line; null when it has.</returns>
    string? NotReadyBecause();
}
