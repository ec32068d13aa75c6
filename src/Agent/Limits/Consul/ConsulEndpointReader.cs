namespace Agent.Limits.Consul;

/// <summary>
/// Reads a <see cref="ConsulEndpoint"/> from the configuration file and, for keys that are absent, from the environment variables of Consul's own
/// command line; see https://developer.hashicorp.com/consul/commands#environment-variables. An empty variable counts as unset.
/// </summary>
/// <param name="readVariable">Returns the value of an environment variable; null if it is unset.</param>
internal sealed class ConsulEndpointReader(Func<string, string?> readVariable)
{
    internal const string AddressVariable = "CONSUL_HTTP_ADDR";

    private const string ServerNameVariable = "CONSUL_TLS_SERVER_NAME";
    private const string DefaultAddress = "http://127.0.0.1:8500";

    /// <summary>Reads the variables alone.</summary>
    /// <returns>The endpoint; null if <see cref="AddressVariable"/> is unset, which means that the agent does not ask Consul.</returns>
    /// <exception cref="FormatException">A variable is wrong; the message is one line.</exception>
    internal ConsulEndpoint? ReadVariables() => Variable(AddressVariable) is null ? null : Read(new LimitFrom());

    /// <summary>Reads the key of the file, and the variables for what it does not set.</summary>
    /// <exception cref="FormatException">A key or a variable is wrong; the message is one line.</exception>
    internal ConsulEndpoint Read(LimitFrom from)
    {
        Given? address = Choose("consul", from.Consul, AddressVariable);
        Given? certificate = Choose("certificateFile", from.CertificateFile, "CONSUL_CLIENT_CERT");
        Given? key = Choose("keyFile", from.KeyFile, "CONSUL_CLIENT_KEY");
        if (certificate is null != key is null)
        {
            throw new FormatException(certificate is { } alone
                ? $"{alone.Origin}: a certificate needs its key; set keyFile or CONSUL_CLIENT_KEY too"
                : $"{key!.Value.Origin}: a key needs its certificate; set certificateFile or CONSUL_CLIENT_CERT too");
        }

        return new ConsulEndpoint(ReadAddress(address ?? new(DefaultAddress, AddressVariable), isSecure: ReadSwitch("CONSUL_HTTP_SSL") ?? false))
        {
            Token = Variable("CONSUL_HTTP_TOKEN"),
            TokenFile = Choose("tokenFile", from.TokenFile, "CONSUL_HTTP_TOKEN_FILE")?.Text,
            CaFile = Choose("caFile", from.CaFile, "CONSUL_CACERT")?.Text,
            CertificateFile = certificate?.Text,
            KeyFile = key?.Text,
            ServerName = Variable(ServerNameVariable) is { } name ? ReadServerName(name) : null,
            VerifiesCertificate = ReadSwitch("CONSUL_HTTP_SSL_VERIFY") ?? true,
        };
    }

    /// <summary>Reads an address, with or without a scheme.</summary>
    /// <param name="given">The address and its origin.</param>
    /// <param name="isSecure">Whether to use TLS even if the scheme is http.</param>
    private static Uri ReadAddress(Given given, bool isSecure)
    {
        // First, because the errors below print the address.
        if (given.Text.Contains('@', StringComparison.Ordinal))
        {
            throw new FormatException($"{given.Origin}: the address must not have a user name or a password; remove the part before the @");
        }

        string[] parts = given.Text.Split("://", 2);
        string scheme = parts.Length == 2 ? parts[0] : Uri.UriSchemeHttp;
        if (scheme == "unix")
        {
            throw new FormatException($"{given.Origin}: '{given.Text}' is a unix socket, but the agent asks Consul over TCP; write {DefaultAddress}");
        }

        if (scheme != Uri.UriSchemeHttp && scheme != Uri.UriSchemeHttps)
        {
            throw new FormatException($"{given.Origin}: '{given.Text}' is neither http:// nor https://; write it like {DefaultAddress}");
        }

        string rest = parts[^1];
        int end = rest.IndexOfAny(['/', '?', '#', '\\']);
        string authority = end < 0 ? rest : rest[..end];
        try
        {
            // Before Uri, which accepts 8500 or 0177.0.0.1 and turns it into the address of another host.
            _ = HostAndPort.Parse(authority);
            return Uri.TryCreate($"{(isSecure ? Uri.UriSchemeHttps : scheme)}://{rest}", UriKind.Absolute, out Uri? address)
                && address is { Query: "", Fragment: "" }
                && !rest.Contains('\\', StringComparison.Ordinal)
                    ? address
                    : throw new FormatException("is not an address");
        }
        catch (FormatException wrong)
        {
            throw new FormatException($"{given.Origin}: '{given.Text}' {wrong.Message}; write it like {DefaultAddress}");
        }
    }

    /// <summary>Reads the name or address that the certificate must have. A port after it is ignored.</summary>
    private static string ReadServerName(string text)
    {
        try
        {
            return HostAndPort.Parse(text).Host.Trim('[', ']');
        }
        catch (FormatException wrong)
        {
            throw new FormatException($"{ServerNameVariable}: '{text}' {wrong.Message}; write it like server.dc1.consul, 127.0.0.1 or [::1]");
        }
    }

    private bool? ReadSwitch(string variable) => Variable(variable) switch
    {
        null => null,
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        // Consul's own program warns and uses false. For CONSUL_HTTP_SSL_VERIFY that would mean to trust every certificate.
        { } other => throw new FormatException($"{variable}: '{other}' is neither true nor false; write one of them"),
    };

    private Given? Choose(string key, string? inFile, string variable) => inFile switch
    {
        "" => throw new FormatException($"{LimitFrom.Key}.{key}: it is empty; set a value or remove the key"),
        not null => new(inFile, $"{LimitFrom.Key}.{key}"),
        null => Variable(variable) is { } text ? new(text, variable) : null,
    };

    private string? Variable(string name) => readVariable(name) is { Length: > 0 } text ? text : null;

    /// <summary>A value and the key or variable that it comes from.</summary>
    private readonly record struct Given(string Text, string Origin);
}

/// <summary>The key <c>limitFrom</c> of a watch in the configuration file, as text; null for a key that is absent.</summary>
internal sealed record LimitFrom
{
    /// <summary>The key's own name.</summary>
    internal const string Key = "limitFrom";

    /// <summary>The database whose server decides the total limit. Not together with the other keys, which are those of Consul.</summary>
    public string? Database { get; init; }

    /// <summary>Consul's address: <c>http://127.0.0.1:8500</c>.</summary>
    public string? Consul { get; init; }

    /// <summary>A file with the token and nothing else.</summary>
    public string? TokenFile { get; init; }

    /// <summary>A file with the CA certificates that may have signed Consul's certificate, in PEM.</summary>
    public string? CaFile { get; init; }

    /// <summary>A file with the client certificate, in PEM.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>A file with its key, in PEM and not encrypted.</summary>
    public string? KeyFile { get; init; }
}
