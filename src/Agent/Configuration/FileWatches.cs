using System.Collections.Immutable;
using Agent.Configuration.File;
using Agent.Watching;
using Agent.Limits;
using Agent.Limits.Consul;
using Netlink;

namespace Agent.Configuration;

/// <summary>Makes watches of what a configuration file says of them.</summary>
/// <param name="file">The file.</param>
/// <param name="main">The main network namespace as it is named, null for the agent's own.</param>
/// <param name="consul">Reads who is asked for a limit.</param>
internal sealed class FileWatches(LoadedFile file, string? main, ConsulEndpointReader consul)
{
    internal const string Key = "watches";

    /// <exception cref="ConfigurationException">The first thing that is wrong, with file, line and key.</exception>
    internal ImmutableArray<WatchSettings> Read(IReadOnlyList<WatchEntry> entries)
    {
        if (entries.Count == 0)
        {
            throw file.Wrong(Key, "the list is empty; name a watch, or leave the key away");
        }

        ImmutableArray<WatchSettings>.Builder watches = ImmutableArray.CreateBuilder<WatchSettings>(entries.Count);
        HashSet<string> names = [];
        for (int i = 0; i < entries.Count; i++)
        {
            string key = $"{Key}[{i}]";
            WatchSettings watch = Read(entries[i], key);
            if (!names.Add(watch.Watch.Name))
            {
                throw file.Wrong($"{key}.name", $"there is another watch '{watch.Watch.Name}'; give each a name of its own");
            }

            watches.Add(watch);
        }

        return watches.ToImmutable();
    }

    private WatchSettings Read(WatchEntry entry, string key)
    {
        string name = Required(entry.Name, $"{key}.name", SettingText.WatchName);
        string portsKey = $"{key}.ports";
        ImmutableArray<ushort> ports = Required(entry.Ports, portsKey, SettingText.Ports);
        if (ports.IsEmpty)
        {
            throw file.Wrong(portsKey, "the list is empty; name a port");
        }

        ConsulEndpoint? limitFrom = LimitFromOf(entry, name, key);
        Watch watch = new(name, ports)
        {
            Limit = entry.Limit is { } limit
                ? new ClientLimit(Parse(limit, $"{key}.limit", SettingText.Limit), file.PlaceOf($"{key}.limit"))
                : DefaultLimit.Of(name, isAskedFor: limitFrom is not null),
            LimitFrom = limitFrom,
            ShownClients = entry.ShownClients is { } shown
                ? Parse(shown, $"{key}.shownClients", SettingText.ShownClients)
                : Watch.DefaultShownClients,
        };
        return new WatchSettings(WithThresholds(watch, entry, key), NamespaceOf(entry, $"{key}.netns"), OriginsOf(entry, key));
    }

    private Watch WithThresholds(Watch watch, WatchEntry entry, string key) => WatchThresholds.Give(
        watch,
        entry.Warning is { } warning ? Parse(warning, $"{key}.warning", Threshold.Parse) : null,
        entry.Critical is { } critical ? Parse(critical, $"{key}.critical", Threshold.Parse) : null,
        (isCritical, message) => file.Wrong(isCritical ? $"{key}.critical" : $"{key}.warning", message));

    /// <summary>Whoever is asked; nobody where the limit is configured.</summary>
    private ConsulEndpoint? LimitFromOf(WatchEntry entry, string name, string key)
    {
        if (entry is { Limit: not null, LimitFrom: not null })
        {
            throw file.Wrong($"{key}.{LimitFrom.Key}", "the watch has a limit, and nobody is to be asked for it; leave one of the two away");
        }

        return entry switch
        {
            { LimitFrom: { } from } => Parse(from, key, consul.Read),
            { Limit: null } when name == ConsulDefaults.WatchName => Parse(name, key, _ => consul.ReadVariables()),
            _ => null,
        };
    }

    private WatchOrigins OriginsOf(WatchEntry entry, string key) => new()
    {
        LimitFrom = entry.LimitFrom is null ? ConsulEndpointReader.AddressVariable : file.PlaceOf($"{key}.{LimitFrom.Key}"),
        Ports = file.PlaceOf($"{key}.ports"),
        Namespace = file.PlaceOf($"{key}.netns"),
        ShownClients = entry.ShownClients is null ? Setting<int>.Default : file.PlaceOf($"{key}.shownClients"),
        Warning = file.PlaceOf($"{key}.warning"),
        Critical = file.PlaceOf($"{key}.critical"),
    };

    private NetworkNamespace? NamespaceOf(WatchEntry entry, string key) =>
        entry.Netns is { } where && where != main ? Parse(where, key, NetworkNamespace.Parse) : null;

    private TValue Required<TText, TValue>(TText? text, string key, Func<TText, TValue> parse)
        where TText : class =>
        text is null ? throw file.Wrong(key, "is missing; every watch needs one") : Parse(text, key, parse);

    private TValue Parse<TText, TValue>(TText text, string key, Func<TText, TValue> parse)
    {
        try
        {
            return parse(text);
        }
        catch (FormatException wrong)
        {
            throw file.Wrong(key, wrong.Message);
        }
    }
}
