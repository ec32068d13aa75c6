using System.Collections.Immutable;
using System.Net;
using Agent.Configuration;
using Agent.Limits;
using Agent.Postgres;
using Agent.Readings;
using Agent.Watching;
using Agent.Workloads;
using Netlink;

namespace Agent.Cli;

/// <summary>The databases of <c>--once</c>: which are asked, who holds their sessions, and how they are judged.</summary>
internal static class OnceDatabases
{
    /// <summary>Asks the databases that watches name, or all of them with <c>--databases</c>.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="once">The options.</param>
    /// <param name="counted">The readings so far. Without counts, the limit of a watch is of no use.</param>
    /// <returns>The readings of the databases, and of the processes that hold the clients' ends if <c>--processes</c> asks for them.</returns>
    internal static IEnumerable<Reading> Ask(Settings settings, OnceOptions once, IReadOnlyList<Reading> counted)
    {
        HashSet<string> named =
            [.. counted.OfType<NamespaceCounts>().SelectMany(counts => counts.Watches).Select(counts => counts.Watch.Database).OfType<string>()];
        Database[] asked = [.. settings.Databases.Where(database => once.Databases || named.Contains(database.Name))];
        if (asked.Length == 0)
        {
            return [];
        }

        DatabaseReading[] readings = OneRound.AskAll(asked, settings.Namespaces, TimeProvider.System, asksSizes: once.Databases);
        return once is { Databases: true, Processes: true }
            ? [.. readings, .. readings.SelectMany(reading => LookForProcesses(reading, readings, settings))]
            : readings;
    }

    /// <summary>The judgement of each configured database by <c>--warn</c> and <c>--critical</c>.</summary>
    internal static ImmutableArray<ServerJudgement> Judge(Settings settings, OnceOptions once, StoreView view) =>
    [
        .. settings.Databases.Select(database => new ServerJudgement(ServerUse.Of(database.Name, view), once.HasThresholds)
        {
            Warning = once.Warning,
            Critical = once.Critical,
            IsRequired = true,
        }),
    ];

    /// <summary>The lookup for a server; nothing for a database that does not report the sessions.</summary>
    private static IEnumerable<SessionReading> LookForProcesses(DatabaseReading reading, DatabaseReading[] all, Settings settings)
    {
        if (reading.Statistics?.Server is not { } server)
        {
            yield break;
        }

        // A watch that names a database of this server says in which network namespace the server is.
        DatabaseLogin login = reading.Database.Login;
        HashSet<string> names = [.. all.Where(other => other.Database.Login.Server == login.Server).Select(other => other.Database.Name)];
        WatchSettings? watch = settings.Watches.FirstOrDefault(each => each.Watch.Database is { } name && names.Contains(name));
        NetworkNamespace? where = watch is null ? null : watch.Namespace ?? settings.Namespace.Value;
        // The loopback addresses of another host's clients are not those of this one.
        bool isHere = watch is not null || login.IsOnThisHost;
        yield return SessionLookup.Look(
            reading.Database.Name, where, [(ushort)login.Port, .. watch?.Watch.Ports ?? []],
            server.Sessions.Select(session => session.Client).OfType<IPEndPoint>().Where(client => isHere || !IPAddress.IsLoopback(client.Address)));
    }
}
