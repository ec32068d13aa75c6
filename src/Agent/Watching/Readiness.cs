using Agent.Readings;

namespace Agent.Watching;

/// <summary>Whether the counts can be relied on, for <c>/ready</c>.</summary>
internal static class Readiness
{
    /// <summary>
    /// Why the counts cannot be relied on, in one line; null when they can. The main network namespace decides; where nothing is watched in it,
    /// one of the others is enough.
    /// </summary>
    internal static string? ProblemIn(StoreView view)
    {
        SourceState[] censuses = [.. view.Sources.Where(source => source.Subject is CensusSubject)];
        SourceState[] main = [.. censuses.Where(source => source.Subject is CensusSubject { Label: null })];
        SourceState[] deciding = main is [] ? censuses : main;
        return deciding.Any(source => source.HasSucceededLately)
            ? null
            : deciding.Select(source => source.Reading?.Failure).FirstOrDefault(failure => failure is not null) ?? "no census has ended yet";
    }
}
