using Agent.Configuration;
using Agent.Limits;
using Agent.Limits.Consul;
using Agent.Metrics;
using Agent.Postgres;
using Agent.Publishing;
using Agent.Publishing.Http;
using Agent.Readings;
using Agent.Watching;
using Microsoft.Extensions.Logging;

namespace Agent.Hosting;

/// <summary>The sources and publishers that settings ask for. A further one is a line here.</summary>
/// <param name="store">Connects them.</param>
/// <param name="state">The settings in force, for publishers that go on after a reload.</param>
/// <param name="supervisor">Knows what the tasks do, for the agent's own metrics.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">Makes their loggers.</param>
internal sealed class Composition(Store store, AgentState state, Supervisor supervisor, TimeProvider time, ILoggerFactory loggers)
{
    // Made with the first endpoint, and kept: its counters never fall.
    private EndpointContent? _content;

    // Kept over reloads, and so are their connections.
    private readonly Dictionary<ServerAddress, DatabaseServer> _databaseServers = [];

    internal IReadOnlyList<Source> Sources(Settings wanted) =>
    [
        .. wanted.Namespaces.Select(where => new CensusSource(store, where, wanted.Interval.Value, time, loggers.CreateLogger<CensusSource>())),
        .. LimitSource.For(
            store,
            wanted.Namespaces.SelectMany(where => where.Watches).Select(watch => watch.LimitFrom).OfType<ConsulEndpoint>(),
            time,
            loggers.CreateLogger<LimitSource>()),
        .. DatabaseSources(wanted),
    ];

    /// <param name="wanted">The settings.</param>
    /// <param name="textfile">The textfile, which is acquired before anything else changes; null for none.</param>
    internal IReadOnlyList<Publisher> Publishers(Settings wanted, Textfile? textfile) =>
    [
        .. textfile is null ? [] : new Publisher[] { TextfilePublisher(textfile) },
        .. wanted.Endpoint is not { } endpoint ? [] : new Publisher[] { EndpointPublisher(endpoint) },
    ];

    private List<DatabaseSource> DatabaseSources(Settings wanted)
    {
        ILookup<ServerAddress, Database> servers = wanted.Databases.ToLookup(database => database.Login.Server);
        foreach ((ServerAddress address, DatabaseServer server) in _databaseServers)
        {
            server.Configure(servers[address].Select(database => database.Login));
        }

        List<DatabaseSource> sources = [];
        foreach (Database database in wanted.Databases)
        {
            if (!_databaseServers.TryGetValue(database.Login.Server, out DatabaseServer? server))
            {
                server = new DatabaseServer(database.Login.Server, time);
                server.Configure(servers[database.Login.Server].Select(other => other.Login));
                _databaseServers.Add(database.Login.Server, server);
            }

            sources.Add(new DatabaseSource(
                store,
                database,
                server,
                isFirstOfServer: servers[database.Login.Server].First() == database,
                OneRound.WatchesOf(database, wanted.Namespaces),
                time,
                loggers.CreateLogger<DatabaseSource>()));
        }

        return sources;
    }

    private TextfilePublisher TextfilePublisher(Textfile textfile) => new(
        textfile,
        store,
        new SnapshotExposition(BuildInformation.Current),
        () => state.Settings.Interval.Value,
        time,
        loggers.CreateLogger<TextfilePublisher>());

    private EndpointPublisher EndpointPublisher(EndpointSettings endpoint) =>
        new(endpoint, _content ??= new EndpointContent(store, Statistics, () => state.Settings, time), time, loggers);

    private AgentStatistics Statistics() => new(supervisor.Statistics, state.Reload, state.Settings.Namespaces);
}
