using Agent.Configuration;
using Agent.Metrics.Endpoint;
using Prometheus;

namespace Agent.Publishing.Http;

/// <summary>The data that the endpoint shows. Any number of threads may read it at once, and reading never waits for the kernel.</summary>
internal interface IEndpointContent
{
    /// <summary>The settings in force, without secrets.</summary>
    IReadOnlyList<EffectiveSetting> Settings { get; }

    /// <returns>The current metrics.</returns>
    RenderedMetrics RenderMetrics(ExpositionFormat format);

    /// <returns>Why the agent has no recent counts, in one line; null when it has them.</returns>
    string? NotReadyBecause();
}
