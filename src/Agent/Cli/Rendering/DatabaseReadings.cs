using Agent.Postgres;
using Agent.Readings;
using Agent.Workloads;

namespace Agent.Cli.Rendering;

/// <summary>What the table and the JSON derive from the readings of databases.</summary>
internal static class DatabaseReadings
{
    /// <summary>The reading of a database; null if it was not asked.</summary>
    internal static DatabaseReading? Of(StoreView view, string name) =>
        view.All<DatabaseReading>().FirstOrDefault(reading => reading.Database.Name == name);

    /// <summary>The processes that hold the clients' ends; null if nobody looked for them, and at the further databases of a server.</summary>
    internal static SessionHolders? HoldersOf(StoreView view, string name) =>
        SessionReading.Of(view, name) is { } found && Of(view, name)?.Statistics?.Server is { } server
            ? SessionHolders.Of(server.Sessions, found)
            : null;

    /// <summary>The connections of one database of a server.</summary>
    internal static int UsedOf(ServerStatistics server, string database) =>
        server.States.Where(state => state.Database == database).Sum(state => state.Count);

    /// <summary>The session with the oldest transaction, without the agent's own; null without one, and if all are hidden.</summary>
    internal static ServerSession? OldestTransaction(ServerStatistics server) => server.Sessions
        .Where(session => session.Application != ConnectionFactory.ApplicationName && Seconds(session.TransactionSeconds) is not null)
        .MaxBy(session => session.TransactionSeconds);

    /// <summary>
    /// An age; null if it is unknown. A clock that is set back makes an age negative. JSON has no NaN and no infinity, which only a defective server
    /// reports.
    /// </summary>
    internal static double? Seconds(double? age) => age is { } seconds && double.IsFinite(seconds) ? Math.Max(seconds, 0) : null;
}
