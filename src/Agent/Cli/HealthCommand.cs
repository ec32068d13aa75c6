using Agent.Configuration;
using Agent.Metrics;
using Agent.Platform;
using Agent.Publishing;
using Agent.Readings;

namespace Agent.Cli;

/// <summary>
/// <c>agent health</c>: checks by its textfile whether the agent on this host counts and publishes. It prints one line and returns an exit code,
/// for a container's HEALTHCHECK.
/// </summary>
internal static class HealthCommand
{
    /// <param name="settings">The settings of that agent.</param>
    /// <param name="time">The clock for the file's age.</param>
    /// <returns>The exit code.</returns>
    internal static int Run(HealthSettings settings, TimeProvider time)
    {
        if (settings.TextfileDirectory.Value is not { } directory)
        {
            return Unhealthy(
                $"the textfile is off ({settings.TextfileDirectory.Origin}), and this command checks it; give the agent and this command a --textfile-directory");
        }

        string path = Path.Combine(directory, Textfile.FileName);
        try
        {
            using FileStream file = RegularFile.OpenRead(path);
            TimeSpan age = time.GetUtcNow() - File.GetLastWriteTimeUtc(file.SafeFileHandle);
            using StreamReader reader = new(file);
            return Defect(path, age, settings.Interval.Value, reader.ReadToEnd()) is { } defect
                ? Unhealthy(defect)
                : Healthy($"healthy: {path} is {Format(age)} old, and its census succeeded\n");
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return Unhealthy(
                $"there is no {path}; the agent is not running, has not counted yet, or has another --textfile-directory");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Unhealthy($"cannot read {path}: {failure.Message}; if it is not the agent's file, remove it; the agent writes a new one");
        }
    }

    /// <returns>The defect of the textfile; null if it has none.</returns>
    private static string? Defect(string path, TimeSpan age, TimeSpan interval, string text)
    {
        TimeSpan maximum = StaleAfter.Of(interval);
        if (age > maximum)
        {
            return $"{path} is {Format(age)} old, and the maximum for an interval of {Duration.Format(interval)} is {Duration.Format(maximum)}; "
                + "the agent was killed, hangs, cannot write, or has a longer --interval";
        }

        if (-age > maximum)
        {
            // The clock was set back. A working agent would have written the file since.
            return $"{path} has a time {Format(-age)} in the future; the clock was set back, and the agent has not written since";
        }

        return TextFormatReader.ValueOf(MetricFamilies.CensusSuccess, text) switch
        {
            1 => null,
            null => $"{path} has no {MetricFamilies.CensusSuccess.Name} of the agent's main network namespace; "
                + "it is not the agent's file, or no watch is in that namespace",
            _ => "the last census failed; the agent's log says why",
        };
    }

    private static int Healthy(string line)
    {
        // If the line cannot be written, an error line says so. The agent is healthy all the same.
        _ = StandardOutput.TryWrite(line);
        return ExitCode.Fine;
    }

    private static int Unhealthy(string reason)
    {
        ErrorLine.Write($"unhealthy: {reason}");
        return ExitCode.Unhealthy;
    }

    /// <summary>Formats an age, rounded down to seconds.</summary>
    private static string Format(TimeSpan age) => age < TimeSpan.FromSeconds(1) ? "less than 1s" : Duration.Format(TimeSpan.FromSeconds(Math.Floor(age.TotalSeconds)));
}
