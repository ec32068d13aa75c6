using System.Text;
using Agent.Configuration;
using Agent.Metrics;
using Agent.Publishing;
using Agent.Readings;

namespace Agent.Cli;

/// <summary>
/// <c>agent health</c>: whether the agent that runs here counts and publishes, judged by the textfile that it keeps. One line and an exit
/// code, for a container's HEALTHCHECK.
/// </summary>
internal static class HealthCommand
{
    /// <param name="settings">The agent's settings, as far as they matter here.</param>
    /// <param name="time">Tells how old the file is.</param>
    /// <param name="output">Takes the line when all is well; standard error does when it is not.</param>
    /// <returns>The exit code.</returns>
    internal static int Run(HealthSettings settings, TimeProvider time, Stream output)
    {
        if (settings.TextfileDirectory.Value is not { } directory)
        {
            return Unhealthy(
                $"the textfile is off ({settings.TextfileDirectory.Origin}), and health is judged by it; give the agent and this command a --textfile-directory");
        }

        string path = Path.Combine(directory, Textfile.FileName);
        try
        {
            using FileStream file = RegularFile.OpenRead(path);
            TimeSpan age = time.GetUtcNow() - File.GetLastWriteTimeUtc(file.SafeFileHandle);
            using StreamReader reader = new(file);
            return Defect(path, age, settings.Interval.Value, reader.ReadToEnd()) is { } defect
                ? Unhealthy(defect)
                : Healthy(output, $"healthy: {path} is {Format(age)} old, and its census succeeded\n");
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return Unhealthy(
                $"there is no {path}; the agent does not run, has not counted yet, or has another --textfile-directory");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Unhealthy($"cannot read {path}: {failure.Message}; if it is not the agent's, remove it: the agent writes a new one");
        }
    }

    /// <returns>What is wrong with the textfile; null when nothing is.</returns>
    private static string? Defect(string path, TimeSpan age, TimeSpan interval, string text)
    {
        TimeSpan patience = StaleAfter.Of(interval);
        if (age > patience)
        {
            return $"{path} is {Format(age)} old, with an interval of {Duration.Format(interval)} it may be {Duration.Format(patience)}; "
                + "the agent was killed, hangs, cannot write, or has a longer --interval";
        }

        if (-age > patience)
        {
            // A clock that was set back is no excuse: the agent would have written since.
            return $"{path} was written {Format(-age)} after now; the clock was set back, and the agent has not written since";
        }

        return TextFormatReader.ValueOf(MetricFamilies.CensusSuccess, text) switch
        {
            1 => null,
            null => $"{path} has no {MetricFamilies.CensusSuccess.Name} of the agent's main network namespace; "
                + "it is not the agent's, or no watch is in that namespace",
            _ => "the last census failed; the agent's log says why",
        };
    }

    private static int Healthy(Stream output, string line)
    {
        try
        {
            SizeLimitedWrite.Write(output, Encoding.UTF8.GetBytes(line));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Nobody reads the line. The exit code is still told.
        }

        return ExitCode.Fine;
    }

    private static int Unhealthy(string reason)
    {
        ErrorLine.Write($"unhealthy: {reason}");
        return ExitCode.Unhealthy;
    }

    /// <summary>To the second: between two ticks of the agent nothing finer means anything.</summary>
    private static string Format(TimeSpan age) => age < TimeSpan.FromSeconds(1) ? "less than 1s" : Duration.Format(TimeSpan.FromSeconds(Math.Floor(age.TotalSeconds)));
}
