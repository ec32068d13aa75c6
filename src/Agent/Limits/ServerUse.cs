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

    /// <summary>Why the latest question failed, in one line that names the database; null if it succeeded.</summary>
    public string? Problem { get; init; }

    /// <summary>Whether the server refused the latest login because it is full.</summary>
    internal bool IsFull => FullReason is not null;

    /// <summary>What is wrong, in one line that names the database: the server is full, or did not answer. Null if nothing is.</summary>
    internal string? Line => FullReason is { } full ? $"{Prefix}the server refuses logins: {full}" : Problem;

    /// <summary>The same for a place that names the database already.</summary>
    internal string? Reason => Line is { } line && line.StartsWith(Prefix, StringComparison.Ordinal) ? line[Prefix.Length..] : Line;

    private string Prefix => $"database {Database}: ";

    /// <summary>The use of a server that has not answered yet.</summary>
    internal static ServerUse NotAsked(string database) => new(database) { Problem = $"database {database} has not answered yet" };

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
