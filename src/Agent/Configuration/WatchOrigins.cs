namespace Agent.Configuration;

/// <summary>Where the settings of a watch came from: an option, a variable, a place in the file, or <see cref="Setting{T}.Default"/>.</summary>
internal sealed record WatchOrigins
{
    internal string Ports { get; init; } = Setting<string>.Default;

    internal string Namespace { get; init; } = Setting<string>.Default;

    internal string LimitFrom { get; init; } = Setting<string>.Default;

    internal string ShownClients { get; init; } = Setting<string>.Default;

    internal string Warning { get; init; } = Setting<string>.Default;

    internal string Critical { get; init; } = Setting<string>.Default;
}
