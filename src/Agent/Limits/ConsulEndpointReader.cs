namespace Agent.Limits;

/// <summary>
/// Makes an endpoint of what a configuration says and, where it is silent, of the variables of Consul's own command line, which mean here
/// what they mean there; see https://developer.hashicorp.com/consul/commands#environment-variables. An empty variable counts as unset.
/// </summary>
internal sealed class ConsulEndpointReader(Func<string, string?> readVariable)
{
    internal const string AddressVariable = "CONSUL_HTTP_ADDR";

    private const string ServerNameVariable = "CONSUL_TLS_SERVER_NAME";
    private const string DefaultAddress = "http://127.0.0.1:8500";

    /// <returns>What the variables alone say; null where <see cref="AddressVariable"/> is unset, and nobody wants Consul to be asked.</returns>
    /// <exception cref="FormatException">One is wrong; the message is one line.</exception>
    internal ConsulEndpoint? ReadVariables() => Variable(AddressVariable) is null ? null : Read(new LimitFrom());

    /// <exception cref="FormatException">A key or a variable is wrong; the message is one line.</exception>
    internal ConsulEndpoint Read(LimitFrom from)
    {
        Given? address = Choose("consul", from.Consul, AddressVariable);
        Given? certificate = Choose("certificateFile", from.CertificateFile, "CONSUL_CLIENT_CERT");
        Given? key = Choose("keyFile", from.KeyFile, "CONSUL_CLIENT_KEY");
        if (certificate is null != key is null)
        {
            throw new FormatException(certificate is { } alone
                ? $"{alone.Origin}: a certificate is of no use without its key; give keyFile or CONSUL_CLIENT_KEY too"
                : $"{key!.Value.Origin}: a key is of no use without its certificate; give certificateFile or CONSUL_CLIENT_CERT too");
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

    /// <param name="given">With or without a scheme.</param>
    /// <param name="isSecure">Whether TLS is asked for, whatever the address says.</param>
    private static Uri ReadAddress(Given given, bool isSecure)
    {
        // Before anything that would print it.
        if (given.Text.Contains('@', StringComparison.Ordinal))
        {
            throw new FormatException($"{given.Origin}: an address with a user name or a password is not taken; leave out what stands before the @");
        }

        string[] parts = given.Text.Split("://", 2);
        string scheme = parts.Length == 2 ? parts[0] : Uri.UriSchemeHttp;
        if (scheme == "unix")
        {
            throw new FormatException($"{given.Origin}: '{given.Text}' is a unix socket, and Consul is asked over TCP; write {DefaultAddress}");
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
            // Before .NET makes another machine of it.
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

    /// <summary>The name or address that the certificate has to be for; a port after it does not matter.</summary>
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
        // Consul's own program warns and takes it for false, which for CONSUL_HTTP_SSL_VERIFY means to trust everybody.
        { } other => throw new FormatException($"{variable}: '{other}' is neither true nor false; write one of them"),
    };

    private Given? Choose(string key, string? inFile, string variable) => inFile switch
    {
        "" => throw new FormatException($"{LimitFrom.Key}.{key}: it is empty; give a value or leave the key out"),
        not null => new(inFile, $"{LimitFrom.Key}.{key}"),
        null => Variable(variable) is { } text ? new(text, variable) : null,
    };

    private string? Variable(string name) => readVariable(name) is { Length: > 0 } text ? text : null;

    /// <summary>A text and where it stands.</summary>
    private readonly record struct Given(string Text, string Origin);
}
