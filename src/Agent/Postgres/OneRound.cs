using Agent.Watching;

namespace Agent.Postgres;

/// <summary>Asks databases once, for <c>--once</c>.</summary>
internal static class OneRound
{
    /// <summary>Asks each database once, the servers at the same time. Custom queries do not run.</summary>
    /// <param name="databases">The databases.</param>
    /// <param name="namespaces">What is watched, for the connections without a backend.</param>
    /// <param name="time">The clock.</param>
    /// <returns>A reading for each database, with all sessions of its server, also where the question failed.</returns>
    internal static DatabaseReading[] AskAll(IReadOnlyList<Database> databases, IReadOnlyList<WatchedNamespace> namespaces, TimeProvider time) =>
        throw new NotImplementedException();
}
