using Agent.Configuration;
using Agent.Metrics;

namespace Agent.Hosting;

/// <summary>The settings in force and what the agent does by them. Written at the start and by each reload, read at any time.</summary>
internal sealed class AgentState(Settings settings, TimeProvider time)
{
    private volatile Settings _settings = settings;
    private volatile string _activity = "starting";
    private volatile ReloadStatistics _reload = new(true, time.GetUtcNow());

    /// <summary>The settings in force.</summary>
    internal Settings Settings
    {
        get => _settings;
        set => _settings = value;
    }

    /// <summary>What the agent does, for the status line of the service manager.</summary>
    internal string Activity
    {
        get => _activity;
        set => _activity = value;
    }

    /// <summary>The last reload; null without files that can be reloaded.</summary>
    internal ReloadStatistics? Reload => _settings.Source is null ? null : _reload;

    /// <summary>A reload succeeded.</summary>
    internal void Reloaded(DateTimeOffset at) => _reload = new ReloadStatistics(true, at);

    /// <summary>A reload failed; the settings stay in force.</summary>
    internal void ReloadFailed() => _reload = _reload with { Successful = false };
}
