using Agent.Limits;
using Agent.Watching;
using Spectre.Console;

namespace Agent.Cli.Rendering.Tables;

/// <summary>The colors of the table: three of the eight that every terminal has.</summary>
internal static class ThresholdColor
{
    // For watches without thresholds.
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
            return Of(watch.StateAt(held, limit));
        }

        return limit.Value is null
            ? Style.Plain
            : Of((watch with { Warning = DefaultWarning, Critical = DefaultCritical }).StateAt(held, limit));
    }

    internal static Style Of(WatchState state) => state switch
    {
        WatchState.Critical => Red,
        WatchState.Warning or WatchState.Unknown => Yellow,
        _ => Green,
    };

    /// <summary>The color of the line that says why a limit is unknown.</summary>
    internal static Style OfProblem(ClientLimit limit) => limit.Refusal == Refusal.Yes ? Red : Yellow;

    /// <summary>The parameter of Select Graphic Rendition, ECMA-48; null for the terminal's default color.</summary>
    internal static int? CodeOf(Style style) =>
        style.Foreground == Red.Foreground ? 31
        : style.Foreground == Green.Foreground ? 32
        : style.Foreground == Yellow.Foreground ? 33
        : null;
}
