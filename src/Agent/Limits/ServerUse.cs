using Agent.Readings;

namespace Agent.Limits;

/// <summary>
/// How many of its connections a whole server has in use, as the server itself reports it. A watch with such a server is judged by this, and not by
/// the connections that the kernel counts: a server may keep slots for some roles, and a connection may take no slot.
/// </summary>
/// <param name="Database">The configured name of the database that was asked.</param>
internal sealed record ServerUse(string Database)
{
    /// <summary>Connections that take a slot; null if the latest question brought no answer.</summary>
    public int? Used { get; init; }

    /// <summary>How many connections ordinary roles may hold together; null while it is unknown. The last known one stays.</summary>
    public int? UsableLimit { get; init; }

    /// <summary>Why the latest login was refused because the server is full, in the server's own words; null if it was not.</summary>
    public string? FullReason { get; init; }

    /// <summary>Why the latest question failed, in one line without the name of the database; null if it succeeded.</summary>
    public string? Problem { get; init; }

    /// <summary>Whether the server refused the latest login because it is full.</summary>
    internal bool IsFull => FullReason is not null;

    /// <summary>Why the use is not known, or why it is not all: the server is full, or did not answer. Null if nothing is wrong.</summary>
    internal string? Reason => FullReason is { } full ? $"the server refuses logins: {full}" : Problem;

    /// <summary><see cref="Reason"/> with the name of the database.</summary>
    internal string? Line => Reason is { } reason ? $"database {Database}: {reason}" : null;

    /// <summary>The use of a server that has not answered yet.</summary>
    internal static ServerUse NotAsked(string database) => new(database) { Problem = "has not answered yet" };

    /// <summary>The use in a view.</summary>
    /// <param name="database">The configured name of the database.</param>
    /// <param name="view">The latest readings.</param>
    internal static ServerUse Of(string database, StoreView view) =>
        view.All<Reading>().OfType<IServerUseReading>().Select(reading => reading.Use).FirstOrDefault(use => use.Database == database)
            ?? NotAsked(database);
}

/// <summary>A reading that contains the use of a server.</summary>
internal interface IServerUseReading
{
    /// <summary>The use of the database's server.</summary>
    ServerUse Use { get; }
}
