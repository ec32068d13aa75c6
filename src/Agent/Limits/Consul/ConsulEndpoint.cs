namespace Agent.Limits.Consul;

/// <summary>The Consul that the agent asks for its limit, with the credentials for it.</summary>
/// <param name="Address">The root of its HTTP API, with the path prefix of a reverse proxy if there is one.</param>
internal sealed record ConsulEndpoint(Uri Address)
{
    internal static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(2);

    /// <summary>The token to send if there is no <see cref="TokenFile"/> or it is empty; null for none.</summary>
    internal string? Token { get; init; }

    /// <summary>A file with the token, read for each question; null for none.</summary>
    internal string? TokenFile { get; init; }

    /// <summary>A file with the CA certificates that the agent trusts; null for those of the system.</summary>
    internal string? CaFile { get; init; }

    /// <summary>A file with the client certificate; null for none. Never without <see cref="KeyFile"/>.</summary>
    internal string? CertificateFile { get; init; }

    /// <summary>A file with the key of <see cref="CertificateFile"/>.</summary>
    internal string? KeyFile { get; init; }

    /// <summary>The name or address that Consul's certificate must have; null for the host of <see cref="Address"/>.</summary>
    internal string? ServerName { get; init; }

    /// <summary>Whether the agent verifies Consul's certificate.</summary>
    internal bool VerifiesCertificate { get; init; } = true;

    /// <summary>The timeout of a question, from the connection to the end of the answer.</summary>
    internal TimeSpan Timeout { get; init; } = DefaultTimeout;

    internal bool IsSecure => Address.Scheme == Uri.UriSchemeHttps;

    /// <summary>The name in log lines, errors and outputs: <c>consul at http://127.0.0.1:8500</c>.</summary>
    internal string Name => $"consul at {Root}";

    /// <summary>The URL at which Consul reports its configuration, with its limits.</summary>
    internal Uri SelfAddress => new(Root + "/v1/agent/self");

    /// <summary>The address without a trailing slash.</summary>
    internal string Root => Address.GetLeftPart(UriPartial.Path).TrimEnd('/');

    // The ToString of a record would print the token.
    public override string ToString() => Name;
}
