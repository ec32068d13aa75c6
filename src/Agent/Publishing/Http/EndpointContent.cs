using Agent.Configuration;
using Agent.Metrics;
using Agent.Metrics.Endpoint;
using Agent.Readings;
using Agent.Watching;
using Prometheus;

namespace Agent.Publishing.Http;

/// <summary>The content of the endpoint: metrics, readiness and settings.</summary>
/// <param name="store">The readings.</param>
/// <param name="statistics">Returns the agent's own statistics.</param>
/// <param name="settings">Returns the settings in force.</param>
/// <param name="time">The clock.</param>
internal sealed class EndpointContent(Store store, Func<AgentStatistics> statistics, Func<Settings> settings, TimeProvider time) : IEndpointContent
{
    private readonly EndpointExposition _exposition = new(BuildInformation.Current, store, statistics, time);

    public IReadOnlyList<EffectiveSetting> Settings => settings().Effective;

    public RenderedMetrics RenderMetrics(ExpositionFormat format) => _exposition.Render(format);

    public string? NotReadyBecause() => Readiness.ProblemIn(store.View);
}

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
