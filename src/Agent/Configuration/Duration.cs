using System.Globalization;
using System.Text.RegularExpressions;

namespace Agent.Configuration;

/// <summary>
/// Durations as Go writes them (<c>500ms</c>, <c>1m30s</c>, <c>1.5h</c>) and as clocks do (<c>hh:mm:ss</c>), nothing else: a bare number has no
/// unit and is refused.
/// </summary>
internal static partial class Duration
{
    internal const string Forms = "write it like 500ms, 1s, 1m30s or 00:01:30";

    /// <summary>Reads a duration; see https://pkg.go.dev/time#ParseDuration for the first form.</summary>
    /// <exception cref="FormatException">It is not one; the message is one line.</exception>
    internal static TimeSpan Parse(string text)
    {
        decimal ticks;
        try
        {
            ticks = Clock().Match(text) is { Success: true } clock
                ? ClockTicks(clock)
                : GoTicks(Go().Match(text), text);
            // Up, so that no fraction of a tick is lost in silence.
            return TimeSpan.FromTicks(decimal.ToInt64(decimal.Ceiling(ticks)));
        }
        catch (OverflowException)
        {
            throw new FormatException($"'{text}' is longer than can be reckoned with");
        }
    }

    /// <summary>Writes a duration in the first form, in units down to the millisecond.</summary>
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
            throw new FormatException(BareNumber().IsMatch(text) ? $"'{text}' has no unit; {Forms}" : $"'{text}' is not a duration; {Forms}");
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
