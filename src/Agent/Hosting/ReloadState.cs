using Agent.Metrics;

namespace Agent.Hosting;

/// <summary>What came of reading the configuration file last.</summary>
internal sealed class ReloadState(DateTimeOffset startedAt)
{
    private volatile ReloadFigures _figures = new(true, startedAt);

    internal ReloadFigures Figures => _figures;

    internal void Succeeded(DateTimeOffset at) => _figures = new ReloadFigures(true, at);

    internal void Failed() => _figures = _figures with { Successful = false };
}
