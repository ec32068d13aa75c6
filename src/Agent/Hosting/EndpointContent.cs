using Agent.Configuration;
using Agent.Metrics;
using Agent.Metrics.Endpoint;
using Agent.Publishing.Http;
using Agent.Watching;
using Agent.Watching.Latest;
using Prometheus;

namespace Agent.Hosting;

/// <summary>What the endpoint shows of the agent.</summary>
/// <param name="latest">What was counted.</param>
/// <param name="figures">Tells of the agent's work.</param>
/// <param name="settings">Tells the settings in force.</param>
/// <param name="time">The clock.</param>
internal sealed class EndpointContent(LatestCounts latest, Func<AgentFigures> figures, Func<Settings> settings, TimeProvider time) : IEndpointContent
{
    private readonly EndpointExposition _exposition = new(BuildInformation.Current, () => latest.Snapshot, figures, time);

    public IReadOnlyList<EffectiveSetting> Settings => settings().Effective;

    public RenderedMetrics RenderMetrics(ExpositionFormat format) => _exposition.Render(format);

    /// <summary>Has what a census found shown from now on, and how long it took.</summary>
    internal void Record(CensusPlace place, NamespaceCounts found) => _exposition.Record(found, () => place.Put(found));

    public string? NotReadyBecause() => latest.NotReadyBecause;
}
