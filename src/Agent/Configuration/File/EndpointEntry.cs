using System.Text.Json.Serialization;

namespace Agent.Configuration.File;

/// <summary>The HTTP endpoint as it is written in the configuration file.</summary>
internal sealed class EndpointEntry
{
    /// <summary>As <c>--listen</c>, each.</summary>
    public List<string>? Listen { get; init; }

    /// <summary>As <c>--listen-token-file</c>.</summary>
    public string? TokenFile { get; init; }

    /// <summary>As <c>--listen-certificate-file</c>.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>As <c>--listen-key-file</c>.</summary>
    public string? KeyFile { get; init; }

    /// <summary>How often one client may ask.</summary>
    [JsonConverter(typeof(NumberOrTextConverter))]
    public string? RequestsPerMinute { get; init; }
}
