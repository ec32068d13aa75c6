namespace Agent.Configuration;

/// <summary>Where the settings of the endpoint came from: an option, a variable, a place in the file, or <see cref="Setting{T}.Default"/>.</summary>
internal sealed record EndpointOrigins
{
    internal string Listen { get; init; } = Setting<string>.Default;

    internal string TokenFile { get; init; } = Setting<string>.Default;

    internal string CertificateFile { get; init; } = Setting<string>.Default;

    internal string KeyFile { get; init; } = Setting<string>.Default;

    internal string RequestsPerMinute { get; init; } = Setting<string>.Default;
}
