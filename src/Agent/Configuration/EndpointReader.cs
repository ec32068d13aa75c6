using Agent.Configuration.File;

namespace Agent.Configuration;

/// <summary>Makes the settings of the endpoint of options, variables and the file's key <c>endpoint</c>, in this order.</summary>
internal sealed class EndpointReader(GivenValues given, Func<string, string?> readVariable, LoadedFile? file)
{
    internal const string ListenOption = "--listen";

    private const string Key = "endpoint";
    private const string ListenVariable = "AGENT_LISTEN";
    private const string CertificateVariable = "AGENT_LISTEN_CERTIFICATE_FILE";
    private const string KeyVariable = "AGENT_LISTEN_KEY_FILE";
    private const string ListenKey = $"{Key}.listen";

    private readonly EndpointEntry? _entry = file?.Values.Endpoint;

    /// <returns>Null settings where there is to be no endpoint.</returns>
    /// <exception cref="ConfigurationException">The first one that is wrong.</exception>
    internal (EndpointSettings? Settings, EndpointOrigins Origins) Read()
    {
        Found? token = FindFile(given.ListenTokenFile, "--listen-token-file", "AGENT_LISTEN_TOKEN_FILE", _entry?.TokenFile, "tokenFile");
        Found? certificate = FindFile(
            given.ListenCertificateFile, "--listen-certificate-file", CertificateVariable, _entry?.CertificateFile, "certificateFile");
        Found? key = FindFile(given.ListenKeyFile, "--listen-key-file", KeyVariable, _entry?.KeyFile, "keyFile");
        Found? rate = _entry?.RequestsPerMinute is { } text ? InFile(text, "requestsPerMinute") : null;
        if (ReadListen() is not { } listen)
        {
            return !IsLeftToDaemon(ListenVariable) && (token ?? certificate ?? key ?? rate) is { } useless
                ? throw useless.Wrong($"is of no use without an address to listen at; give {ListenOption}, {ListenVariable} or {ListenKey} too")
                : (null, new EndpointOrigins());
        }

        if (certificate is null != key is null && !IsLeftToDaemon(certificate is null ? CertificateVariable : KeyVariable))
        {
            throw certificate is not null
                ? certificate.Wrong("a certificate is of no use without its key; give --listen-key-file, AGENT_LISTEN_KEY_FILE or endpoint.keyFile too")
                : key!.Wrong(
                    "a key is of no use without its certificate; give --listen-certificate-file, AGENT_LISTEN_CERTIFICATE_FILE or endpoint.certificateFile too");
        }

        EndpointSettings settings = new(listen.Value)
        {
            TokenFile = token?.Parse(SettingText.File),
            CertificateFile = certificate?.Parse(SettingText.File),
            KeyFile = key?.Parse(SettingText.File),
            RequestsPerMinute = rate?.Parse(SettingText.RequestsPerMinute) ?? EndpointSettings.DefaultRequestsPerMinute,
        };
        return (settings, new EndpointOrigins
        {
            Listen = listen.Origin,
            TokenFile = OriginOf(token),
            CertificateFile = OriginOf(certificate),
            KeyFile = OriginOf(key),
            RequestsPerMinute = OriginOf(rate),
        });
    }

    private static string OriginOf(Found? found) => found?.Origin ?? Setting<string>.Default;

    private Setting<ListenAddresses>? ReadListen()
    {
        if (given.Listen.Count > 0)
        {
            return Parse(given.Listen, ListenOption, message => new ConfigurationException($"{ListenOption}: {message}"));
        }

        if (Variable(ListenVariable) is { } list)
        {
            return Parse(
                list.Split(',', StringSplitOptions.TrimEntries), ListenVariable, message => new ConfigurationException($"{ListenVariable}: {message}"));
        }

        return _entry?.Listen is { } inFile
            ? Parse(inFile, file!.PlaceOf(ListenKey), message => file.Wrong(ListenKey, message))
            : null;
    }

    private static Setting<ListenAddresses> Parse(IReadOnlyList<string> texts, string origin, Func<string, ConfigurationException> wrong)
    {
        try
        {
            return new(ListenAddresses.Parse(texts), origin);
        }
        catch (FormatException failure)
        {
            throw wrong(failure.Message);
        }
    }

    private Found? FindFile(string? onCommandLine, string option, string variable, string? inFile, string key) =>
        onCommandLine is not null ? new Found(onCommandLine, option, message => new ConfigurationException($"{option}: {message}"))
        : Variable(variable) is { } text ? new Found(text, variable, message => new ConfigurationException($"{variable}: {message}"))
        : inFile is not null ? InFile(inFile, key)
        : null;

    private Found InFile(string text, string name)
    {
        string key = $"{Key}.{name}";
        return new Found(text, file!.PlaceOf(key), message => file.Wrong(key, message));
    }

    // With --once they are the daemon's, in whose container or unit a person counts by hand.
    private string? Variable(string name) => given.IsOnce ? null : Set(name);

    /// <summary>Whether the variable may give what the file lacks, to the daemon alone.</summary>
    private bool IsLeftToDaemon(string name) => given.IsOnce && Set(name) is not null;

    private string? Set(string name) => readVariable(name) is { Length: > 0 } text ? text : null;

    /// <summary>A text that was given, where, and how its error reads.</summary>
    private sealed record Found(string Text, string Origin, Func<string, ConfigurationException> Wrong)
    {
        internal T Parse<T>(Func<string, T> parse)
        {
            try
            {
                return parse(Text);
            }
            catch (FormatException wrong)
            {
                throw Wrong(wrong.Message);
            }
        }
    }
}
