using System.Collections.Immutable;
using Agent.Configuration.File;
using Agent.Watching;
using Agent.Limits;
using Agent.Limits.Consul;
using Netlink;
using Netlink.SockDiag;
using Netlink.SockDiag.Filters;

namespace Agent.Configuration;

/// <summary>
/// Makes settings of text: the command line comes before the environment, the environment before the configuration file, the file before the
/// defaults. An empty variable counts as unset.
/// </summary>
internal sealed class SettingsReader(Func<string, string?> readVariable)
{
    internal const string DefaultTextfileDirectory = "/tmp/node-exporter";

    private const string PortVariable = "CONSUL_PORT";

    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(1);

    /// <param name="given">What the command line says.</param>
    /// <param name="text">What stands in the configuration file, where it was read already; null to read it.</param>
    /// <exception cref="ConfigurationException">The first setting that is wrong.</exception>
    internal Settings Read(GivenValues given, byte[]? text = null)
    {
        LoadedFile? file = ReadFile(given, text);
        Setting<NetworkNamespace?> main = Read<NetworkNamespace?>(
            "--netns", given.Namespace, "AGENT_NETNS", file, "netns", file?.Values.Netns, NetworkNamespace.Parse, null);
        (EndpointSettings? endpoint, EndpointOrigins endpointOrigins) = new EndpointReader(given, readVariable, file).Read();
        Settings settings = new()
        {
            Watches = [.. ReadWatches(given, file, main).Select(watch => WatchThresholds.GiveFromOptions(watch, given))],
            Interval = ReadInterval(given, file),
            TextfileDirectory = ReadTextfileDirectory(given, file),
            Namespace = main,
            Endpoint = endpoint,
            EndpointOrigins = endpointOrigins,
            Filter = given.Filter is { } filter ? Parse("--filter", filter, SocketFilter.Parse) : null,
            Source = file is { CanBeReadAgain: true } ? new ConfigurationSource(file.Path, file.Text) : null,
            Notices = [.. NoticesOf(given, file)],
        };
        return Bounded(settings, file);
    }

    /// <exception cref="ConfigurationException">The first setting that is wrong, of those that matter to the command.</exception>
    internal HealthSettings ReadForHealth(GivenValues given)
    {
        LoadedFile? file = ReadFile(given);
        return new HealthSettings { Interval = ReadInterval(given, file), TextfileDirectory = ReadTextfileDirectory(given, file) };
    }

    private IEnumerable<string> NoticesOf(GivenValues given, LoadedFile? file)
    {
        if (NamesWatches(file))
        {
            return Environment(PortVariable) is null ? [] : [$"{PortVariable} is ignored: {file!.Path} names the watches"];
        }

        Setting<ImmutableArray<ushort>> ports = ReadPorts(given);
        string name = DefaultName(ports);
        return given is { Watch: null, Limit: null } && name != ConsulDefaults.WatchName && NamesPortOfConsul(ports.Value)
            ? [$"{ConsulEndpointReader.AddressVariable} is ignored: the watch {name} is not called {ConsulDefaults.WatchName}; give --watch {ConsulDefaults.WatchName}, and Consul is asked for its limit"]
            : [];
    }

    private bool NamesPortOfConsul(ImmutableArray<ushort> ports)
    {
        try
        {
            return new ConsulEndpointReader(readVariable).ReadVariables() is { } consul && ports.Contains((ushort)consul.Address.Port);
        }
        catch (FormatException)
        {
            // It is not used.
            return false;
        }
    }

    private LoadedFile? ReadFile(GivenValues given, byte[]? text = null) => (given.ConfigurationFile ?? Environment("AGENT_CONFIG")) switch
    {
        { } path when text is not null => LoadedFile.Parse(path, text, canBeReadAgain: true),
        { } path => LoadedFile.Read(path),
        _ => null,
    };

    private Setting<TimeSpan> ReadInterval(GivenValues given, LoadedFile? file) => Read(
        "--interval", given.Interval, "UPDATE_DELAY", file, "interval", file?.Values.Interval, SettingText.Interval, DefaultInterval);

    private Setting<string?> ReadTextfileDirectory(GivenValues given, LoadedFile? file) => Read(
        "--textfile-directory", given.TextfileDirectory, "TEXTFILE_DIRECTORY",
        file, "textfileDirectory", file?.Values.TextfileDirectory, SettingText.Directory, DefaultTextfileDirectory);

    private static bool NamesWatches(LoadedFile? file) => file?.Values.Watches is not null;

    private ImmutableArray<WatchSettings> ReadWatches(GivenValues given, LoadedFile? file, Setting<NetworkNamespace?> main)
    {
        if (file?.Values.Watches is not { } entries)
        {
            return [ReadTheOneWatch(given)];
        }

        foreach ((string option, bool isGiven) in
            new[] { ("--port", given.Ports.Count > 0), ("--watch", given.Watch is not null), ("--limit", given.Limit is not null) })
        {
            if (isGiven)
            {
                throw new ConfigurationException(
                    $"{option}: {file.PlaceOf(FileWatches.Key)} names the watches; say it there, or leave one of the two away");
            }
        }

        return new FileWatches(file, main.Value?.Where, new ConsulEndpointReader(readVariable)).Read(entries);
    }

    private WatchSettings ReadTheOneWatch(GivenValues given)
    {
        Setting<ImmutableArray<ushort>> ports = ReadPorts(given);
        string name = given.Watch is null ? DefaultName(ports) : Parse("--watch", given.Watch, SettingText.WatchName);
        ConsulEndpoint? limitFrom = given.Limit is null ? ReadLimitFrom(name) : null;
        Watch watch = new(name, ports.Value)
        {
            Limit = given.Limit is null
                ? DefaultLimit.Of(name, isAskedFor: limitFrom is not null)
                : new ClientLimit(Parse("--limit", given.Limit, SettingText.Limit), "--limit"),
            LimitFrom = limitFrom,
        };
        WatchOrigins origins = new() { Ports = ports.Origin, LimitFrom = ConsulEndpointReader.AddressVariable };
        return new WatchSettings(watch, null, origins);
    }

    // The variable's name says that its ports are Consul's.
    private static string DefaultName(Setting<ImmutableArray<ushort>> ports) =>
        ports.Origin == PortVariable ? ConsulDefaults.WatchName : DefaultLimit.NameOf(ports.Value);

    /// <summary>Consul says the limit of the watch that is Consul's, where its variables say where it is.</summary>
    private ConsulEndpoint? ReadLimitFrom(string watch)
    {
        try
        {
            return watch == ConsulDefaults.WatchName ? new ConsulEndpointReader(readVariable).ReadVariables() : null;
        }
        catch (FormatException wrong)
        {
            throw new ConfigurationException(wrong.Message);
        }
    }

    private Setting<ImmutableArray<ushort>> ReadPorts(GivenValues given)
    {
        const string Option = "--port";
        if (given.Ports.Count > 0)
        {
            if (given.Ports.FirstOrDefault(text => text.Contains(',')) is { } several)
            {
                throw new ConfigurationException($"{Option}: '{several}' is not a port; repeat the option for each port");
            }

            return new(Parse(Option, given.Ports, SettingText.Ports), Option);
        }

        if (Environment(PortVariable) is not { } list)
        {
            return new([ConsulDefaults.HttpPort], Setting<string>.Default);
        }

        if (list.Contains("://", StringComparison.Ordinal))
        {
            throw new ConfigurationException(
                $"{PortVariable}: '{list}' is what Kubernetes sets for a service named consul; "
                + "put 'enableServiceLinks: false' into the pod's spec, or give --port");
        }

        return new(Parse(PortVariable, list.Split(',', StringSplitOptions.TrimEntries), SettingText.Ports), PortVariable);
    }

    /// <summary>Refuses what would make too many series, or a filter that the kernel does not take.</summary>
    private static Settings Bounded(Settings settings, LoadedFile? file)
    {
        ImmutableArray<WatchedNamespace> namespaces = settings.Namespaces;
        long series = settings.Endpoint is null ? SeriesBound.Count(namespaces) : SeriesBound.CountAtEndpoint(namespaces);
        if (series > SeriesBound.Most)
        {
            string message = $"these watches can make {series} series, {SeriesBound.Most} are the most; name fewer ports, or show fewer clients";
            throw NamesWatches(file)
                ? file!.Wrong(FileWatches.Key, message)
                : new ConfigurationException($"{settings.Watches[0].Origins.Ports}: {message}");
        }

        if (settings.Filter is { } filter)
        {
            foreach (WatchedNamespace where in namespaces)
            {
                try
                {
                    _ = new SocketQuery(TcpStates.Established, filter, where.Ports);
                }
                catch (ArgumentException wrong)
                {
                    throw new ConfigurationException($"--filter: {wrong.Message}");
                }
            }
        }

        return settings;
    }

    private Setting<T> Read<T>(
        string option, string? given, string variable, LoadedFile? file, string key, string? inFile, Func<string, T> parse, T otherwise)
    {
        if (given is not null)
        {
            return new(Parse(option, given, parse), option);
        }

        if (Environment(variable) is { } text)
        {
            return new(Parse(variable, text, parse), variable);
        }

        if (inFile is null)
        {
            return new(otherwise, Setting<T>.Default);
        }

        try
        {
            return new(parse(inFile), file!.PlaceOf(key));
        }
        catch (FormatException wrong)
        {
            throw file!.Wrong(key, wrong.Message);
        }
    }

    private static TValue Parse<TText, TValue>(string origin, TText text, Func<TText, TValue> parse)
    {
        try
        {
            return parse(text);
        }
        catch (FormatException wrong)
        {
            throw new ConfigurationException($"{origin}: {wrong.Message}");
        }
    }

    private string? Environment(string variable) => readVariable(variable) is { Length: > 0 } text ? text : null;
}
