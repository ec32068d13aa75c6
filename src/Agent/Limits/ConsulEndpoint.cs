namespace Agent.Limits;

/// <summary>Which Consul is asked, and how.</summary>
/// <param name="Address">The root of its HTTP API, with the prefix of a reverse proxy where there is one.</param>
internal sealed record ConsulEndpoint(Uri Address)
{
    internal static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(2);

    /// <summary>What is sent as token where there is no <see cref="TokenFile"/>, or an empty one; null for none.</summary>
    internal string? Token { get; init; }

    /// <summary>A file with the token, read each time that Consul is asked.</summary>
    internal string? TokenFile { get; init; }

    /// <summary>What Consul's certificate must be signed by; null for what the system trusts.</summary>
    internal string? CaFile { get; init; }

    /// <summary>What is shown to Consul; null for nothing. Never without <see cref="KeyFile"/>.</summary>
    internal string? CertificateFile { get; init; }

    /// <summary>The key of <see cref="CertificateFile"/>.</summary>
    internal string? KeyFile { get; init; }

    /// <summary>The name that Consul's certificate must be for; null for the address's.</summary>
    internal string? ServerName { get; init; }

    /// <summary>Whether Consul's certificate is verified.</summary>
    internal bool VerifiesCertificate { get; init; } = true;

    /// <summary>How long the whole question may take.</summary>
    internal TimeSpan Timeout { get; init; } = DefaultTimeout;

    internal bool IsSecure => Address.Scheme == Uri.UriSchemeHttps;

    /// <summary>What operators are shown: <c>consul at http://127.0.0.1:8500</c>.</summary>
    internal string Name => $"consul at {Root}";

    /// <summary>Where Consul describes itself, its limits included.</summary>
    internal Uri SelfAddress => new(Root + "/v1/agent/self");

    /// <summary>The address without a slash at its end.</summary>
    internal string Root => Address.GetLeftPart(UriPartial.Path).TrimEnd('/');

    // Not what a record prints by itself, which would be the token too.
    public override string ToString() => Name;
}
