using System.Collections.Immutable;

namespace Agent.Metrics.Endpoint;

/// <summary>
/// The metrics that /metrics has after those of <see cref="MetricFamilies"/>, and the textfile has not: <c>process_*</c> would clash with
/// node_exporter's own. The README's second table is held against this list by a test.
/// </summary>
internal static class EndpointFamilies
{
    internal static readonly ImmutableArray<MetricFamily> All = [.. AgentFamilies.All, .. ProcessFamilies.All, .. RuntimeFamilies.All];
}
