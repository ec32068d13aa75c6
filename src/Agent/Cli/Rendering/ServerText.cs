using Agent.Limits;
using Agent.Readings;

namespace Agent.Cli.Rendering;

/// <summary>The use of a server in words, the same in the table and in the check line.</summary>
internal static class ServerText
{
    /// <summary>What is counted, for people.</summary>
    internal const string UsableConnections = "usable connections";

    /// <summary><c>12 of 17 usable connections in use (70 %)</c>; without a number that is unknown.</summary>
    /// <param name="use">The use of the server.</param>
    /// <param name="connections">What is counted: <c>connections</c>, or more exactly.</param>
    internal static string Use(ServerUse use, string connections) => (use.Used, use.UsableLimit) switch
    {
        ({ } used, { } limit) => $"{used} of {limit} {connections} in use{Percent(used, limit)}",
        ({ } used, null) => $"{used} connections in use, limit unknown",
        (null, { } limit) => $"use unknown, limit {limit}",
        _ => "use unknown",
    };

    /// <summary>The same with the reason if the server is full or the use is unknown.</summary>
    /// <param name="use">The use of the server.</param>
    /// <param name="connections">What is counted.</param>
    /// <param name="reason">The reason, with or without the name of the database; null if nothing is wrong.</param>
    internal static string WithReason(ServerUse use, string connections, string? reason) => reason is null
        ? Use(use, connections)
        : OneLine.Of((use.Used, use.UsableLimit) switch
        {
            (not null, _) => $"{Use(use, connections)}, {reason}",
            (_, { } limit) => $"{reason}, last known limit {limit}",
            _ => reason,
        });

    // A server that reports a limit of 0 must not end the program.
    private static string Percent(int used, int limit) => limit > 0 ? $" ({WatchTotals.PercentOf(used, limit)} %)" : "";
}
