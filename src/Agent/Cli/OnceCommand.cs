using Agent.Cli.Rendering;
using Agent.Configuration;
using Agent.Metrics;
using Agent.Publishing;
using Agent.Watching;

namespace Agent.Cli;

/// <summary><c>agent --once</c>: one census, printed, and written where the command line says.</summary>
internal static class OnceCommand
{
    /// <param name="settings">The settings.</param>
    /// <param name="census">Counts.</param>
    /// <param name="form">What is printed.</param>
    /// <param name="exposition">What is written into the textfile, whatever is printed.</param>
    /// <param name="output">Standard output.</param>
    /// <returns>The exit code.</returns>
    internal static int Run(Settings settings, Census census, ISnapshotForm form, SnapshotExposition exposition, Stream output)
    {
        Snapshot snapshot = census.Take();
        bool printed = TryPrint(output, form.Render(snapshot).Span);
        if (snapshot.Failure is { } failure && !(printed && form.TellsFailureItself))
        {
            ErrorLine.Write(failure);
        }

        bool written = settings.TextfileDirectory is not { IsFromCommandLine: true, Value: { } directory }
            || TryWrite(directory, exposition.Render(snapshot).Span);
        if (!snapshot.Succeeded || !printed)
        {
            return ExitCode.CouldNotMeasure;
        }

        return written ? ExitCodeOf(snapshot) : ExitCode.Usage;
    }

    /// <summary>That of the worst watch; without thresholds all are fine.</summary>
    private static int ExitCodeOf(Snapshot snapshot) =>
        snapshot.Watches.Select(counts => counts.State).DefaultIfEmpty().Max() switch
        {
            WatchState.Critical => ExitCode.Critical,
            WatchState.Warning => ExitCode.Warning,
            _ => ExitCode.Fine,
        };

    private static bool TryPrint(Stream output, ReadOnlySpan<byte> text)
    {
        try
        {
            output.Write(text);
            output.Flush();
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            ErrorLine.Write($"cannot write to standard output: {failure.Message}");
            return false;
        }
    }

    private static bool TryWrite(string directory, ReadOnlySpan<byte> text)
    {
        using Textfile textfile = new(directory);
        try
        {
            textfile.Write(text);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            ErrorLine.Write($"cannot write {textfile.FilePath}: {failure.Message}");
            return false;
        }
        catch (TextfileTakenException taken)
        {
            ErrorLine.Write(taken.Message);
            return false;
        }

        if (textfile.OthersMayWrite)
        {
            ErrorLine.Write($"warning: {directory} may be written by every user; chmod o-w it");
        }

        return true;
    }
}
