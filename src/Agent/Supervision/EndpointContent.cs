using Agent.Configuration;
using Agent.Metrics;
using Agent.Metrics.Endpoint;
using Agent.Publishing.Http;
using Agent.Watching.Latest;

namespace Agent.Supervision;

/// <summary>What the endpoint shows of the agent.</summary>
/// <param name="latest">What was counted.</param>
/// <param name="figures">Tells of the agent's work.</param>
/// <param name="settings">Tells the settings in force.</param>
/// <param name="time">The clock.</param>
internal sealed class EndpointContent(LatestCounts latest, Func<AgentFigures> figures, Func<Settings> settings, TimeProvider time) : IEndpointContent
{
    private readonly SharedExposition _exposition = new(BuildInformation.Current, () => latest.Snapshot, figures, time);

    public IReadOnlyList<EffectiveSetting> Settings => [.. EffectiveSetting.Of(settings())];

    public ReadOnlyMemory<byte> RenderMetrics(ExpositionFormat format) => _exposition.Render(format);

    public string? NotReadyBecause() => latest.NotReadyBecause;
}
