using System.Collections.Immutable;
using Agent.Limits;
using Agent.Watching;

namespace Agent.Postgres;

/// <summary>Asks databases once, for <c>--once</c>.</summary>
internal static class OneRound
{
    /// <summary>Asks each database once, the servers at the same time. Custom queries do not run.</summary>
    /// <param name="databases">The databases.</param>
    /// <param name="namespaces">What is watched, for the connections without a backend.</param>
    /// <param name="time">The clock.</param>
    /// <param name="asksSizes">Whether to ask for the sizes of the databases, which may take long.</param>
    /// <returns>A reading for each database, with all sessions of its server, also where the question failed.</returns>
    internal static DatabaseReading[] AskAll(
        IReadOnlyList<Database> databases, IReadOnlyList<WatchedNamespace> namespaces, TimeProvider time, bool asksSizes = false)
    {
        Dictionary<string, DatabaseReading> readings = Task.WhenAll(databases.GroupBy(database => database.Login.Server)
                .Select(server => Task.Run(() => AskServerAsync([.. server], namespaces, time, asksSizes))))
            .GetAwaiter().GetResult().SelectMany(server => server).ToDictionary(reading => reading.Database.Name);
        return [.. databases.Select(database => readings[database.Name])];
    }

    /// <summary>The watches whose limit a database decides.</summary>
    internal static ImmutableArray<(WatchedNamespace Where, Watch Watch)> WatchesOf(Database database, IEnumerable<WatchedNamespace> namespaces) =>
        [.. namespaces.SelectMany(where => where.Watches.Where(watch => watch.Database == database.Name).Select(watch => (where, watch)))];

    /// <summary>One database after the other, so that the agent never has more than one connection to the server.</summary>
    private static async Task<List<DatabaseReading>> AskServerAsync(
        Database[] databases, IReadOnlyList<WatchedNamespace> namespaces, TimeProvider time, bool asksSizes)
    {
        List<DatabaseReading> readings = [];
        DatabaseReading? unreachable = null;
        bool isFirst = true;
        foreach (Database database in databases)
        {
            if (unreachable is not null)
            {
                readings.Add(unreachable with { Database = database, Use = unreachable.Use with { Database = database.Name } });
                continue;
            }

            DatabaseReading reading = await AskAsync(database, WatchesOf(database, namespaces), isFirst, time, asksSizes);
            readings.Add(reading);
            // Where the first may not log in, another one shows the server.
            isFirst &= reading.Statistics is null;
            // Each database would wait for the same.
            unreachable = reading.Login?.Error is { Type: ErrorType.Timeout or ErrorType.Refused } ? reading : null;
        }

        return readings;
    }

    private static async Task<DatabaseReading> AskAsync(
        Database database, ImmutableArray<(WatchedNamespace Where, Watch Watch)> watches, bool isFirst, TimeProvider time, bool asksSizes)
    {
        long begun = time.GetTimestamp();
        DatabaseReading reading = new(database) { Duration = TimeSpan.Zero, Use = new ServerUse(database.Name) };
        try
        {
            await using Session session = await Session.OpenAsync(database.Login, database.Timeout, CancellationToken.None);
            reading = reading with { Login = new LoginTest(time.GetElapsedTime(begun), null, null) };
            TimeSpan left = database.Timeout - time.GetElapsedTime(begun);
            BackendlessConnections backendless = new(watches);
            BackendlessConnections.Held?[] before = backendless.Dump();
            CoreStatistics core = await CoreStatistics.AskAsync(session, left, CancellationToken.None);
            ServerStatistics server = StatisticsReport.OfServer(core, database.ShownClients, backendless.Compare(before, core)) with
            {
                Sessions = StatisticsReport.SessionsOf(core),
            };
            ImmutableDictionary<string, long> sizes = asksSizes
                ? await SizesAsync(session, database.Timeout - time.GetElapsedTime(begun))
                : ImmutableDictionary<string, long>.Empty;
            return reading with
            {
                Duration = time.GetElapsedTime(begun),
                ScrapeSucceeded = true,
                Statistics = StatisticsReport.Of(core, database, core.Database, sizes, isFirst ? server : null),
                Limits = isFirst ? core.Limits : null,
                Use = reading.Use with { Used = server.Used, UsableLimit = core.Limits.Usable },
            };
        }
        catch (DatabaseException failure)
        {
            TimeSpan duration = time.GetElapsedTime(begun);
            return reading with
            {
                Duration = duration,
                Failure = failure.Error.Message,
                ScrapeSucceeded = false,
                Errors = [new ErrorCount(failure.Error.Type, 1)],
                Login = reading.Login ?? new LoginTest(duration, failure.Error, failure.Error.FullScope),
                Use = reading.Use with
                {
                    FullReason = failure.Error.Type == ErrorType.Full ? failure.Error.Message : null,
                    Problem = $"database {database.Name}: {failure.Error.Message}",
                },
            };
        }
    }

    /// <summary>The sizes that the server can tell in the time that is left; without them, everything else is still worth showing.</summary>
    private static async Task<ImmutableDictionary<string, long>> SizesAsync(Session session, TimeSpan left)
    {
        try
        {
            return left > TimeSpan.Zero
                ? await CoreStatistics.AskSizesAsync(session, left, CancellationToken.None)
                : ImmutableDictionary<string, long>.Empty;
        }
        catch (DatabaseException)
        {
            return ImmutableDictionary<string, long>.Empty;
        }
    }
}
