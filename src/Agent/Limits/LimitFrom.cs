namespace Agent.Limits;

/// <summary>Where a configuration file says that a watch's limit is to be learnt, as text; null where it says nothing.</summary>
internal sealed record LimitFrom
{
    /// <summary>The key of the file that holds all of this.</summary>
    internal const string Key = "limitFrom";

    /// <summary>Consul's address: <c>http://127.0.0.1:8500</c>.</summary>
    public string? Consul { get; init; }

    /// <summary>A file that holds the token, and nothing else.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The certificates, in PEM, that Consul's own must be signed by.</summary>
    public string? CaFile { get; init; }

    /// <summary>The certificate, in PEM, that is shown to Consul.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>Its key, in PEM and not encrypted.</summary>
    public string? KeyFile { get; init; }
}
