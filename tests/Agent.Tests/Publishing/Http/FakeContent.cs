using System.Text;
using Agent.Configuration;
using Agent.Metrics.Endpoint;
using Agent.Publishing.Http;
using Prometheus;

namespace Agent.Tests.Publishing.Http;

/// <summary>The data of a test endpoint.</summary>
internal sealed class FakeContent : IEndpointContent
{
    public IReadOnlyList<EffectiveSetting> Settings { get; init; } = [new("interval", "1s", "--interval")];

    /// <summary>Renders the metrics.</summary>
    internal Func<ExpositionFormat, string> Metrics { get; set; } = format => $"# {format}\nx 1\n";

    internal string? NotReady { get; set; }

    public RenderedMetrics RenderMetrics(ExpositionFormat format) => new(Encoding.UTF8.GetBytes(Metrics(format)));

    public string? NotReadyBecause() => NotReady;
}
