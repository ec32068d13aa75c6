using System.Globalization;
using System.Text.RegularExpressions;

namespace Agent.Configuration;

/// <summary>
/// Parses and formats durations: those of Go (<c>500ms</c>, <c>1m30s</c>, <c>1.5h</c>) and those of a clock (<c>hh:mm:ss</c>). A number without
/// a unit is rejected.
/// </summary>
internal static partial class Duration
{
    internal const string Formats = "write it like 500ms, 1s, 1m30s or 00:01:30";

    /// <summary>Parses a duration; see https://pkg.go.dev/time#ParseDuration for the format of Go.</summary>
    /// <exception cref="FormatException">The text is not a duration; the message is one line.</exception>
    internal static TimeSpan Parse(string text)
    {
        decimal ticks;
        try
        {
            ticks = Clock().Match(text) is { Success: true } clock
                ? ClockTicks(clock)
                : GoTicks(Go().Match(text), text);
            // Rounded up, so that a fraction of a tick is not lost silently.
            return TimeSpan.FromTicks(decimal.ToInt64(decimal.Ceiling(ticks)));
        }
        catch (OverflowException)
        {
            throw new FormatException($"'{text}' is too long; use a shorter duration");
        }
    }

    /// <summary>Formats a duration as Go does, with units down to the millisecond.</summary>
    internal static string Format(TimeSpan duration)
    {
        string hours = duration.TotalHours >= 1 ? $"{(long)duration.TotalHours}h" : "";
        string minutes = duration.Minutes > 0 ? $"{duration.Minutes}m" : "";
        decimal secondsLeft = duration.Seconds + (duration.Milliseconds / 1000m);
        string seconds = duration < TimeSpan.FromSeconds(1)
            ? $"{duration.Milliseconds}ms"
            : secondsLeft > 0 ? string.Create(CultureInfo.InvariantCulture, $"{secondsLeft}s") : "";
        return hours + minutes + seconds;
    }

    private static decimal ClockTicks(Match clock) =>
        (Number(clock.Groups["h"]) * TimeSpan.TicksPerHour)
        + (Number(clock.Groups["m"]) * TimeSpan.TicksPerMinute)
        + (Number(clock.Groups["s"]) * TimeSpan.TicksPerSecond);

    private static decimal GoTicks(Match match, string text)
    {
        if (!match.Success)
        {
            throw new FormatException(BareNumber().IsMatch(text) ? $"'{text}' has no unit; {Formats}" : $"'{text}' is not a duration; {Formats}");
        }

        decimal ticks = 0;
        CaptureCollection numbers = match.Groups["number"].Captures;
        CaptureCollection units = match.Groups["unit"].Captures;
        for (int i = 0; i < numbers.Count; i++)
        {
            ticks += Number(numbers[i]) * TicksOf(units[i].Value);
        }

        return match.Groups["sign"].Value == "-" ? -ticks : ticks;
    }

    private static decimal TicksOf(string unit) => unit switch
    {
        "ns" => 0.01m,
        "us" or "µs" or "μs" => TimeSpan.TicksPerMicrosecond,
        "ms" => TimeSpan.TicksPerMillisecond,
        "s" => TimeSpan.TicksPerSecond,
        "m" => TimeSpan.TicksPerMinute,
        _ => TimeSpan.TicksPerHour,
    };

    private static decimal Number(Capture capture) =>
        decimal.Parse(capture.Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A(?<h>[0-9]{1,9}):(?<m>[0-5][0-9]):(?<s>[0-5][0-9])\z")]
    private static partial Regex Clock();

    [GeneratedRegex(@"\A(?<sign>[+-]?)(?:(?<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?<unit>ns|us|µs|μs|ms|s|m|h))+\z")]
    private static partial Regex Go();

    [GeneratedRegex(@"\A[+-]?[0-9]+(\.[0-9]*)?\z")]
    private static partial Regex BareNumber();
}
