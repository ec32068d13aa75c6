namespace Agent.Configuration;

/// <summary>The HTTP endpoint. Two are equal where an endpoint that runs with the one would not notice the other.</summary>
internal sealed record EndpointSettings(ListenAddresses Listen)
{
    internal const int DefaultRequestsPerMinute = 600;

    /// <summary>A file with the token that clients have to show, as an absolute path; null for none.</summary>
    internal string? TokenFile { get; init; }

    /// <summary>The certificate for TLS and those that signed it, as an absolute path; null for plain HTTP. Never without <see cref="KeyFile"/>.</summary>
    internal string? CertificateFile { get; init; }

    /// <summary>The key of <see cref="CertificateFile"/>.</summary>
    internal string? KeyFile { get; init; }

    /// <summary>How often one client may ask for what is not open to all.</summary>
    internal int RequestsPerMinute { get; init; } = DefaultRequestsPerMinute;
}
