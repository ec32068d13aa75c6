using System.Collections.Immutable;
using System.Globalization;
using Agent.Configuration.File;

namespace Agent.Configuration;

/// <summary>Reads the settings of the endpoint.</summary>
/// <param name="lookup">Finds the settings.</param>
/// <param name="isOnce">
/// Whether the command is <c>--once</c>. It ignores the endpoint's variables, because it may run in the daemon's container or unit and inherit them.
/// </param>
internal sealed class EndpointReader(SettingLookup lookup, bool isOnce)
{
    internal const string ListenOption = "--listen";

    private const string Key = "endpoint";
    private const string ListenVariable = "AGENT_LISTEN";
    private const string CertificateVariable = "AGENT_LISTEN_CERTIFICATE_FILE";
    private const string KeyVariable = "AGENT_LISTEN_KEY_FILE";

    private readonly EndpointEntry? _entry = lookup.File?.Values.Endpoint;

    /// <returns>Null settings if no listen address is given.</returns>
    /// <exception cref="ConfigurationException">The first setting that is invalid.</exception>
    internal (EndpointSettings? Settings, ImmutableArray<EffectiveSetting> Effective) Read()
    {
        GivenSetting<IReadOnlyList<string>>? listen =
            lookup.FindList(ListenOption, Daemon(ListenVariable), $"{Key}.listen", _entry?.Listen);
        GivenSetting<string>? token = Find("--listen-token-file", "AGENT_LISTEN_TOKEN_FILE", "tokenFile", _entry?.TokenFile);
        GivenSetting<string>? certificate = Find("--listen-certificate-file", CertificateVariable, "certificateFile", _entry?.CertificateFile);
        GivenSetting<string>? key = Find("--listen-key-file", KeyVariable, "keyFile", _entry?.KeyFile);
        GivenSetting<string>? rate = Find(null, null, "requestsPerMinute", _entry?.RequestsPerMinute);
        if (listen is null)
        {
            return (token ?? certificate ?? key ?? rate) is { } useless && !IsLeftToDaemon(ListenVariable)
                ? throw useless.Error($"has no effect without an address to listen on; give {ListenOption}, {ListenVariable} or {Key}.listen too")
                : (null, []);
        }

        RequirePair(certificate, key);
        Setting<ListenAddresses> addresses = listen.Parse(ListenAddresses.Parse);
        Setting<string?> tokenFile = ParseFile(token);
        Setting<string?> certificateFile = ParseFile(certificate);
        Setting<string?> keyFile = ParseFile(key);
        Setting<int> requests = rate?.Parse(SettingParser.RequestsPerMinute)
            ?? new(EndpointSettings.DefaultRequestsPerMinute, Setting<int>.Default);
        EndpointSettings settings = new(addresses.Value)
        {
            TokenFile = tokenFile.Value,
            CertificateFile = certificateFile.Value,
            KeyFile = keyFile.Value,
            RequestsPerMinute = requests.Value,
        };
        return (settings,
        [
            new($"{Key}.listen", $"{addresses.Value}", addresses.Origin),
            new($"{Key}.tokenFile", tokenFile.Value ?? "none", tokenFile.Origin),
            new($"{Key}.certificateFile", certificateFile.Value ?? "none", certificateFile.Origin),
            new($"{Key}.keyFile", keyFile.Value ?? "none", keyFile.Origin),
            new($"{Key}.requestsPerMinute", requests.Value.ToString(CultureInfo.InvariantCulture), requests.Origin),
        ]);
    }

    private void RequirePair(GivenSetting<string>? certificate, GivenSetting<string>? key)
    {
        if (certificate is not null && key is null && !IsLeftToDaemon(KeyVariable))
        {
            throw certificate.Error($"a certificate needs its key; give --listen-key-file, {KeyVariable} or {Key}.keyFile too");
        }

        if (key is not null && certificate is null && !IsLeftToDaemon(CertificateVariable))
        {
            throw key.Error(
                $"a key needs its certificate; give --listen-certificate-file, {CertificateVariable} or {Key}.certificateFile too");
        }
    }

    private GivenSetting<string>? Find(string? option, string? variable, string key, string? inFile) =>
        lookup.Find(option, Daemon(variable), $"{Key}.{key}", inFile);

    private static Setting<string?> ParseFile(GivenSetting<string>? file) =>
        file?.Parse<string?>(SettingParser.File) ?? new(null, Setting<string?>.Default);

    /// <summary>The variable for the daemon; null for <c>--once</c>.</summary>
    private string? Daemon(string? variable) => isOnce ? null : variable;

    /// <summary>Whether this is <c>--once</c>, and the daemon gets from the variable what the file lacks.</summary>
    private bool IsLeftToDaemon(string variable) => isOnce && lookup.Variable(variable) is not null;
}
