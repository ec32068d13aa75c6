using System.Collections.Immutable;
using System.Globalization;
using Agent.Configuration.File;
using Agent.Limits;
using Agent.Limits.Consul;
using Agent.Watching;
using Netlink;

namespace Agent.Configuration;

/// <summary>Reads the watches: those of the configuration file, or else the one of the command line and the variables.</summary>
/// <param name="lookup">Finds the settings.</param>
/// <param name="main">The main network namespace as it is written; null for the agent's own.</param>
/// <param name="consul">Reads which Consul is asked for a limit.</param>
/// <param name="databases">The names of the databases.</param>
internal sealed class WatchReader(SettingLookup lookup, string? main, ConsulEndpointReader consul, ImmutableArray<string> databases)
{
    private const string Key = "watches";
    private const string PortOption = "--port";
    private const string WatchOption = "--watch";
    private const string LimitOption = "--limit";
    private const string TotalLimitOption = "--total-limit";
    private const string PortVariable = "CONSUL_PORT";

    private readonly List<WatchEntry>? _entries = lookup.File?.Values.Watches;

    /// <exception cref="ConfigurationException">The first setting that is invalid.</exception>
    internal ImmutableArray<WatchSettings> Read()
    {
        if (_entries is null)
        {
            return [ReadFromCommandLine()];
        }

        LoadedFile file = lookup.File!;
        foreach (string option in (ReadOnlySpan<string>)[PortOption, WatchOption, LimitOption, TotalLimitOption])
        {
            if (lookup.IsGiven(option))
            {
                throw new ConfigurationException($"{option}: the watches are configured in {file.PlaceOf(Key)}; change them there, or remove {option}");
            }
        }

        if (_entries.Count == 0)
        {
            throw file.Error(Key, "the list is empty; add a watch, or remove the key");
        }

        ImmutableArray<WatchSettings>.Builder watches = ImmutableArray.CreateBuilder<WatchSettings>(_entries.Count);
        HashSet<string> names = [];
        for (int i = 0; i < _entries.Count; i++)
        {
            string key = $"{Key}[{i}]";
            WatchSettings watch = ReadFromFile(_entries[i], key);
            if (!names.Add(watch.Watch.Name))
            {
                throw file.Error($"{key}.name", $"another watch has the name '{watch.Watch.Name}'; give each watch a different name");
            }

            watches.Add(watch);
        }

        return watches.ToImmutable();
    }

    /// <summary>Warnings about variables that have no effect.</summary>
    internal IEnumerable<string> ReadNotices()
    {
        if (_entries is not null)
        {
            return lookup.Variable(PortVariable) is null ? [] : [$"{PortVariable} is ignored: the watches are configured in {lookup.File!.Path}"];
        }

        Setting<ImmutableArray<ushort>> ports = ReadPorts();
        string name = DefaultName(ports);
        return !lookup.IsGiven(WatchOption) && !lookup.IsGiven(LimitOption) && name != ConsulDefaults.WatchName && NamesPortOfConsul(ports.Value)
            ? [$"{ConsulEndpointReader.AddressVariable} is ignored: the name of the watch is {name} and not {ConsulDefaults.WatchName}; give {WatchOption} {ConsulDefaults.WatchName} to ask Consul for its limit"]
            : [];
    }

    /// <summary>An error about all watches together, with the place where they are configured.</summary>
    internal ConfigurationException Error(string message) =>
        _entries is null ? new($"{ReadPorts().Origin}: {message}") : lookup.File!.Error(Key, message);

    private WatchSettings ReadFromFile(WatchEntry entry, string key)
    {
        string name = Required(entry.Name, $"{key}.name").Parse(SettingParser.WatchName).Value;
        Setting<ImmutableArray<ushort>>? ports = ReadList(entry.Ports, $"{key}.ports", "a port", SettingParser.Ports);
        Setting<ImmutableArray<string>>? unixSockets = ReadList(entry.UnixSockets, $"{key}.unixSockets", "a path", SettingParser.UnixSockets);
        return ports is null && unixSockets is null
            ? throw lookup.File!.Error($"{key}.ports", "is missing; every watch needs ports or unixSockets")
            : Read(name, ports, unixSockets, entry, key);
    }

    /// <summary>Reads a list of the file that must not be empty; null if it is missing.</summary>
    private Setting<ImmutableArray<T>>? ReadList<T>(List<string>? texts, string key, string entry, Func<IReadOnlyList<string>, ImmutableArray<T>> parse) =>
        texts is null ? null
        : texts.Count > 0 ? lookup.File!.Given<IReadOnlyList<string>>(texts, key).Parse(parse)
        : throw lookup.File!.Error(key, $"the list is empty; name {entry}");

    private WatchSettings ReadFromCommandLine()
    {
        Setting<ImmutableArray<ushort>> ports = ReadPorts();
        string name = lookup.Read(WatchOption, null, "", null, SettingParser.WatchName, DefaultName(ports)).Value;
        return Read(name, ports, unixSockets: null, new WatchEntry(), Key);
    }

    /// <summary>Reads the settings that both kinds of watches have.</summary>
    /// <param name="name">The watch's name.</param>
    /// <param name="ports">The watch's ports; null for none.</param>
    /// <param name="unixSockets">The watch's unix sockets; null for none.</param>
    /// <param name="entry">The watch in the file; an empty one for the watch of the command line.</param>
    /// <param name="key">The watch's key in the file.</param>
    private WatchSettings Read(
        string name, Setting<ImmutableArray<ushort>>? ports, Setting<ImmutableArray<string>>? unixSockets, WatchEntry entry, string key)
    {
        GivenSetting<string>? limit = lookup.Find(LimitOption, null, $"{key}.limit", entry.Limit);
        Setting<string?> database = ReadDatabase(entry, key);
        Setting<ConsulEndpoint?> limitFrom = database.Value is null ? ReadLimitFrom(name, limit, entry, key) : default;
        GivenSetting<string>? totalLimit = lookup.Find(TotalLimitOption, null, $"{key}.totalLimit", entry.TotalLimit);
        GivenSetting<string>? netns = lookup.Find(null, null, $"{key}.netns", entry.Netns);
        Setting<NetworkNamespace?>? other = netns is null || netns.Text == main ? null : netns.Parse<NetworkNamespace?>(NetworkNamespace.Parse);
        Setting<int> shownClients = lookup.Read(
            null, null, $"{key}.shownClients", entry.ShownClients, SettingParser.ShownClients, Watch.DefaultShownClients);
        GivenSetting<string>? warning = lookup.Find("--warn", null, $"{key}.warning", entry.Warning);
        GivenSetting<string>? critical = lookup.Find("--critical", null, $"{key}.critical", entry.Critical);
        Watch watch = new(name, ports?.Value ?? [])
        {
            UnixSockets = unixSockets?.Value ?? [],
            Limit = limit is null
                ? DefaultLimit(name, isAsked: limitFrom.Value is not null, hasDatabase: database.Value is not null)
                : new ClientLimit(limit.Parse(SettingParser.Limit).Value, limit.Origin),
            LimitFrom = limitFrom.Value,
            Database = database.Value,
            TotalLimit = totalLimit is null ? null : new TotalLimit(totalLimit.Parse(SettingParser.TotalLimit).Value, totalLimit.Origin),
            ShownClients = shownClients.Value,
            Warning = warning?.Parse(Threshold.Parse).Value,
            Critical = critical?.Parse(Threshold.Parse).Value,
        };
        CheckThresholds(watch, warning, critical);
        return new WatchSettings(watch, other?.Value,
        [
            .. Optional($"{name}.ports", ports is null ? null : string.Join(',', watch.Ports), ports?.Origin),
            .. Optional($"{name}.unixSockets", unixSockets is null ? null : string.Join(',', watch.UnixSockets), unixSockets?.Origin),
            .. Optional($"{name}.netns", other?.Value?.Where, other?.Origin),
            new($"{name}.limit", watch.Limit.Text, watch.Limit.Source),
            .. Optional($"{name}.limitFrom", watch.LimitFrom?.Name, limitFrom.Origin),
            .. Optional($"{name}.limitFrom", watch.Database is null ? null : $"database {watch.Database}", database.Origin),
            .. Optional($"{name}.totalLimit", watch.TotalLimit?.Value.ToString(CultureInfo.InvariantCulture), watch.TotalLimit?.Source),
            new($"{name}.shownClients", shownClients.Value.ToString(CultureInfo.InvariantCulture), shownClients.Origin),
            .. Optional($"{name}.warning", watch.Warning?.ToString(), warning?.Origin),
            .. Optional($"{name}.critical", watch.Critical?.ToString(), critical?.Origin),
        ]);
    }

    private static EffectiveSetting[] Optional(string name, string? value, string? origin) =>
        value is null ? [] : [new EffectiveSetting(name, value, origin!)];

    /// <summary>The database whose server decides the total limit; null for none.</summary>
    private Setting<string?> ReadDatabase(WatchEntry entry, string key)
    {
        if (entry.LimitFrom is not { Database: { } name } from)
        {
            return default;
        }

        key = $"{key}.{LimitFrom.Key}.database";
        string? other = from.Consul is not null ? "consul"
            : from.TokenFile is not null ? "tokenFile"
            : from.CaFile is not null ? "caFile"
            : from.CertificateFile is not null ? "certificateFile"
            : from.KeyFile is not null ? "keyFile"
            : null;
        if (other is not null)
        {
            throw lookup.File!.Error(key, $"a limit comes from a database or from Consul; remove database or {other}");
        }

        if (entry.TotalLimit is not null)
        {
            throw lookup.File!.Error(key, "the watch has totalLimit too, and the database decides the total limit; remove one of them");
        }

        return lookup.File!.Given(name, key).Parse<string?>(text => databases.Contains(text)
            ? text
            : throw new FormatException(databases is []
                ? $"there is no database '{text}'; add it to databases"
                : $"there is no database '{text}'; the databases are {string.Join(", ", databases)}"));
    }

    /// <summary>Which Consul is asked for the limit; null if the limit is configured.</summary>
    private Setting<ConsulEndpoint?> ReadLimitFrom(string name, GivenSetting<string>? limit, WatchEntry entry, string key)
    {
        if (entry.LimitFrom is { } from)
        {
            GivenSetting<LimitFrom> given = lookup.File!.Given(from, $"{key}.{LimitFrom.Key}");
            // Errors of the reader begin with limitFrom and its key.
            return limit is null
                ? (given with { Place = $"{given.Origin}: {key}" }).Parse<ConsulEndpoint?>(consul.Read)
                : throw given.Error("the watch has limit and limitFrom; remove one of them");
        }

        if (limit is not null || name != ConsulDefaults.WatchName)
        {
            return default;
        }

        try
        {
            return new(consul.ReadVariables(), ConsulEndpointReader.AddressVariable);
        }
        catch (FormatException invalid)
        {
            // The message begins with the variable.
            throw new ConfigurationException(invalid.Message);
        }
    }

    /// <summary>The limit of a watch for which none is configured.</summary>
    /// <param name="watch">The watch's name.</param>
    /// <param name="isAsked">Whether a service is asked for its limit. Then there is no default: a guess could hide that the limit is reached.</param>
    /// <param name="hasDatabase">Whether a database decides the total limit, so that the watch is not Consul's, whatever its name is.</param>
    private static ClientLimit DefaultLimit(string watch, bool isAsked, bool hasDatabase) =>
        isAsked ? ClientLimit.NotAsked
        : watch == ConsulDefaults.WatchName && !hasDatabase ? new(ConsulDefaults.ClientLimit, Setting<int>.Default)
        : new(null, Setting<int>.Default);

    private static void CheckThresholds(Watch watch, GivenSetting<string>? warning, GivenSetting<string>? critical)
    {
        foreach (GivenSetting<string>? given in (ReadOnlySpan<GivenSetting<string>?>)[warning, critical])
        {
            if (given is not null && Threshold.Parse(given.Text).IsShare && watch is { Limit.Value: null, LimitFrom: null, TotalLimit: null, Database: null })
            {
                throw given.Error(
                    $"{given.Text} is a percentage of the limit, and the watch {watch.Name} has no limit; give it a limit, or give a number of connections");
            }
        }

        // Two percentages can be compared without a limit.
        int? limit = watch is { Warning.IsShare: true, Critical.IsShare: true } ? watch.Limit.Value ?? 100 : watch.Limit.Value;
        if (watch.ClientConnectionsAt(watch.Critical, limit) < watch.ClientConnectionsAt(watch.Warning, limit)
            || watch.TotalConnectionsAt(watch.Critical) < watch.TotalConnectionsAt(watch.Warning))
        {
            throw critical!.Error($"{critical.Text} is below the warning threshold {warning!.Text}; give at least as many connections");
        }
    }

    /// <summary>The ports of the watch that the command line and the variables describe.</summary>
    private Setting<ImmutableArray<ushort>> ReadPorts()
    {
        if (lookup.FindList(PortOption, PortVariable, "", null) is not { } given)
        {
            return new([ConsulDefaults.HttpPort], Setting<string>.Default);
        }

        foreach (string text in given.Text)
        {
            if (given.Origin == PortOption && text.Contains(','))
            {
                throw given.Error($"'{text}' is not a port; repeat the option for each port");
            }

            if (given.Origin == PortVariable && text.Contains("://", StringComparison.Ordinal))
            {
                throw given.Error(
                    $"'{lookup.Variable(PortVariable)}' is set by Kubernetes for a service named consul; "
                    + "put 'enableServiceLinks: false' into the pod's spec, or give --port");
            }
        }

        return given.Parse(SettingParser.Ports);
    }

    /// <summary>The name of the watch of these ports: consul for Consul's ports and for those of CONSUL_PORT, otherwise the ports themselves.</summary>
    private static string DefaultName(Setting<ImmutableArray<ushort>> ports) =>
        ports.Origin == PortVariable || ports.Value.All(port => port is ConsulDefaults.HttpPort or ConsulDefaults.HttpsPort)
            ? ConsulDefaults.WatchName
            : string.Join(',', ports.Value);

    private bool NamesPortOfConsul(ImmutableArray<ushort> ports)
    {
        try
        {
            return consul.ReadVariables() is { } endpoint && ports.Contains((ushort)endpoint.Address.Port);
        }
        catch (FormatException)
        {
            // The variables have no effect, so their errors have none either.
            return false;
        }
    }

    private GivenSetting<TText> Required<TText>(TText? inFile, string key)
        where TText : class =>
        inFile is null ? throw lookup.File!.Error(key, "is missing; every watch needs one") : lookup.File!.Given(inFile, key);
}
