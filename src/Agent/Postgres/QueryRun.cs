using System.Collections.Immutable;

namespace Agent.Postgres;

/// <summary>Runs custom queries.</summary>
internal static class QueryRun
{
    /// <summary>Runs a query once.</summary>
    /// <param name="session">The connection.</param>
    /// <param name="query">The query.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="maxSeries">How many series it may produce; with one more, the whole result is dropped.</param>
    /// <param name="stopping">Ends it earlier.</param>
    /// <returns>The samples, and the number of their series.</returns>
    /// <exception cref="DatabaseException">The query failed, or its result is not what the configuration says.</exception>
    internal static Task<(ImmutableArray<QuerySample> Samples, int Series)> RunAsync(
        Session session, Query query, TimeSpan timeout, int maxSeries, CancellationToken stopping) => throw new NotImplementedException();
}
