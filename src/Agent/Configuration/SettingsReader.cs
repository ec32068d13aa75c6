using System.Collections.Immutable;
using Agent.Configuration.File;
using Agent.Limits.Consul;
using Agent.Postgres;
using Agent.Watching;
using Netlink;
using Netlink.SockDiag;
using Netlink.SockDiag.Filters;

namespace Agent.Configuration;

/// <summary>Reads and checks all settings. <see cref="SettingLookup"/> says which of several places decides.</summary>
internal sealed class SettingsReader(Func<string, string?> readVariable)
{
    internal const string DefaultTextfileDirectory = "/tmp/node-exporter";

    private const string FilterOption = "--filter";

    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(1);

    /// <param name="commandLine">The options of the command line.</param>
    /// <param name="files">Contents of files that were read already. The files that the settings need are added to it.</param>
    /// <exception cref="ConfigurationException">The first setting that is invalid.</exception>
    internal Settings Read(CommandLineValues commandLine, SourceFiles? files = null)
    {
        files ??= new SourceFiles();
        SettingLookup lookup = LookupIn(commandLine, files);
        Setting<NetworkNamespace?> main = lookup.Read<NetworkNamespace?>(
            "--netns", "AGENT_NETNS", "netns", lookup.File?.Values.Netns, NetworkNamespace.Parse, null);
        Setting<TimeSpan> interval = ReadInterval(lookup);
        Setting<string?> textfileDirectory = ReadTextfileDirectory(lookup);
        (EndpointSettings? endpoint, ImmutableArray<EffectiveSetting> effectiveEndpoint) = new EndpointReader(lookup, commandLine.IsOnce).Read();
        EntryLists lists = new(lookup, files);
        EntryList<DatabaseEntry> databaseEntries = lists.ReadDatabases();
        EntryList<QueryEntry> queryEntries = lists.ReadQueries();
        ImmutableArray<DatabaseSettings> databases = DatabaseReader.Read(databaseEntries.Entries);
        WatchReader watchReader = new(
            lookup, main.Value?.Where, new ConsulEndpointReader(readVariable), [.. databases.Select(database => database.Database.Name)]);
        ImmutableArray<WatchSettings> watches = watchReader.Read();
        Settings settings = new()
        {
            Watches = watches,
            Interval = interval,
            TextfileDirectory = textfileDirectory,
            Namespace = main,
            Endpoint = endpoint,
            Filter = lookup.Find(FilterOption, null, "", null)?.Parse(SocketFilter.Parse).Value,
            Source = files.CanBeReadAgain ? files : null,
            Effective =
            [
                new("interval", Duration.Format(interval.Value), interval.Origin),
                new("textfileDirectory", textfileDirectory.Value ?? "none", textfileDirectory.Origin),
                new("netns", main.Value?.Where ?? "own", main.Origin),
                .. effectiveEndpoint,
                .. watches.SelectMany(watch => watch.Effective),
                .. databaseEntries.Effective,
                .. queryEntries.Effective,
            ],
            Notices = [.. watchReader.ReadNotices()],
        };
        settings = settings with { Notices = [.. settings.Notices, .. NoticesOfFilter(settings)] };
        long series = CountSeries(settings, watchReader, databases.Length);
        CheckFilter(settings);
        return databases is [] && queryEntries.Entries is [] ? settings : WithDatabases(settings, databases, queryEntries.Entries, SeriesBound.Most - series);
    }

    /// <exception cref="ConfigurationException">The first setting that is invalid, of those that <c>agent health</c> needs.</exception>
    internal HealthSettings ReadForHealth(CommandLineValues commandLine)
    {
        SettingLookup lookup = LookupIn(commandLine, new SourceFiles());
        return new HealthSettings { Interval = ReadInterval(lookup), TextfileDirectory = ReadTextfileDirectory(lookup) };
    }

    /// <summary>The lookup in the command line, the variables, and the configuration file that one of these two names.</summary>
    private SettingLookup LookupIn(CommandLineValues commandLine, SourceFiles files)
    {
        GivenSetting<string>? config = new SettingLookup(commandLine, readVariable, null).Find("--config", "AGENT_CONFIG", "", null);
        LoadedFile? file = config switch
        {
            null => null,
            { Text: "" } => throw config.Error("the path is empty; give a file"),
            { Text: var path } => LoadedFile.Parse(path, files.Read(path, mayBePipe: true)),
        };
        return new SettingLookup(commandLine, readVariable, file);
    }

    private static Setting<TimeSpan> ReadInterval(SettingLookup lookup) => lookup.Read(
        "--interval", "UPDATE_DELAY", "interval", lookup.File?.Values.Interval, SettingParser.Interval, DefaultInterval);

    private static Setting<string?> ReadTextfileDirectory(SettingLookup lookup) => lookup.Read(
        "--textfile-directory", "TEXTFILE_DIRECTORY", "textfileDirectory", lookup.File?.Values.TextfileDirectory,
        SettingParser.Directory, DefaultTextfileDirectory);

    /// <summary>Adds the databases with their queries.</summary>
    /// <param name="settings">The other settings.</param>
    /// <param name="databases">The databases.</param>
    /// <param name="queries">The queries.</param>
    /// <param name="left">How many series are left for all databases.</param>
    private static Settings WithDatabases(
        Settings settings, ImmutableArray<DatabaseSettings> databases, IReadOnlyList<FileEntry<QueryEntry>> queries, long left)
    {
        databases = DatabaseSettings.ShareSeries(databases, left);
        (ImmutableArray<Database> complete, ImmutableArray<EffectiveSetting> effective) = new QueryReader(databases).Read(queries);
        return settings with
        {
            Databases = complete,
            Effective = [.. settings.Effective, .. databases.SelectMany(database => database.Effective), .. effective],
        };
    }

    /// <summary>The series of everything but the databases.</summary>
    private static long CountSeries(Settings settings, WatchReader watches, int databases)
    {
        ImmutableArray<WatchedNamespace> namespaces = settings.Namespaces;
        long series = settings.Endpoint is null ? SeriesBound.Count(namespaces, databases) : SeriesBound.CountAtEndpoint(namespaces, databases);
        return series <= SeriesBound.Most ? series : throw watches.Error(
            $"these watches can produce {series} series, and the maximum is {SeriesBound.Most}; configure fewer ports, or show fewer clients");
    }

    /// <summary>A filter selects by addresses and ports, which a unix socket does not have.</summary>
    private static IEnumerable<string> NoticesOfFilter(Settings settings) =>
        from watch in settings.Watches
        where settings.Filter is not null && watch.Watch.UnixSockets.Length > 0
        select $"{watch.Watch.Name}: the connections to its unix sockets are not counted, because {FilterOption} selects only TCP connections";

    /// <summary>Rejects a filter that is too long for the kernel together with the ports.</summary>
    private static void CheckFilter(Settings settings)
    {
        if (settings.Filter is not { } filter)
        {
            return;
        }

        foreach (WatchedNamespace where in settings.Namespaces)
        {
            try
            {
                _ = new SocketQuery(TcpStates.Established, filter, where.Ports);
            }
            catch (ArgumentException invalid)
            {
                throw new ConfigurationException($"{FilterOption}: {invalid.Message}");
            }
        }
    }
}
