using Agent.Limits;
using Agent.Watching;
using Spectre.Console;

namespace Agent.Cli.Rendering.Tables;

/// <summary>The colors of the table: three of the eight that every terminal has.</summary>
internal static class ThresholdColor
{
    // For watches and servers without thresholds, and for open files.
    private static readonly Threshold DefaultWarning = new(80, IsShare: true);
    private static readonly Threshold DefaultCritical = new(95, IsShare: true);

    private static readonly Style Green = new(Color.Green);
    private static readonly Style Yellow = new(Color.Olive);
    private static readonly Style Red = new(Color.Maroon);

    /// <summary>The color of a client that holds so many connections.</summary>
    internal static Style Of(Watch watch, int held, ClientLimit limit)
    {
        if (watch.HasThresholds)
        {
            // Thresholds of a watch with a total limit may judge only all clients together.
            bool isJudged = limit.IsUnknown
                || (watch.ClientConnectionsAt(watch.Warning, limit.Value) ?? watch.ClientConnectionsAt(watch.Critical, limit.Value)) is not null;
            return isJudged ? Of(watch.StateAt(held, limit)) : Style.Plain;
        }

        return limit.Value is null ? Style.Plain : Of(WithDefaults(watch).StateAt(held, limit));
    }

    /// <summary>The color of the connections of all clients together; plain without a total limit.</summary>
    internal static Style OfTotal(Watch watch, long held) =>
        watch.TotalLimit is null ? Style.Plain : Of((watch.HasThresholds ? watch : WithDefaults(watch)).TotalStateAt(held));

    /// <summary>The color of the use of a server; yellow where it is unknown.</summary>
    internal static Style OfServer(ServerJudgement server)
    {
        ServerJudgement judged = server.HasThresholds ? server : server with { HasThresholds = true, Warning = DefaultWarning, Critical = DefaultCritical };
        return Of(judged.State);
    }

    /// <summary>The color of one part of the use of a server; plain while the limit is unknown.</summary>
    internal static Style OfPart(int used, int? limit) => limit > 0
        ? Of(WatchTotals.PercentOf(used, limit.Value) >= DefaultCritical.Number ? WatchState.Critical
            : WatchTotals.PercentOf(used, limit.Value) >= DefaultWarning.Number ? WatchState.Warning
            : WatchState.Fine)
        : Style.Plain;

    /// <summary>The color of the open files of a process; null where they are far from their limit.</summary>
    internal static Style? OfOpenFiles(OpenFiles files)
    {
        long percent = WatchTotals.PercentOf(files.Open, files.Limit);
        return percent >= DefaultCritical.Number ? Red : percent >= DefaultWarning.Number ? Yellow : default(Style?);
    }

    internal static Style Of(WatchState state) => state switch
    {
        WatchState.Critical => Red,
        WatchState.Warning or WatchState.Unknown => Yellow,
        _ => Green,
    };

    /// <summary>The color of the line that says why a limit is unknown.</summary>
    internal static Style OfProblem(ClientLimit limit) => limit.Refusal == Refusal.Yes ? Red : Yellow;

    private static Watch WithDefaults(Watch watch) => watch with { Warning = DefaultWarning, Critical = DefaultCritical };

    /// <summary>The parameter of Select Graphic Rendition, ECMA-48; null for the terminal's default color.</summary>
    internal static int? CodeOf(Style style) =>
        style.Foreground == Red.Foreground ? 31
        : style.Foreground == Green.Foreground ? 32
        : style.Foreground == Yellow.Foreground ? 33
        : null;
}
