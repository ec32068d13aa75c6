using Agent.Cli.Rendering;
using Agent.Metrics;
using Agent.Publishing;
using Agent.Watching;

namespace Agent.Cli;

/// <summary><c>agent --once</c>: one census, printed, and written where the command line says.</summary>
internal static class OnceCommand
{
    /// <param name="snapshot">What was counted.</param>
    /// <param name="form">How it is printed.</param>
    /// <param name="output">Standard output.</param>
    /// <param name="textfileDirectory">Where the textfile goes besides; null for nowhere.</param>
    /// <returns>The exit code.</returns>
    internal static int Run(Snapshot snapshot, ISnapshotForm form, Stream output, string? textfileDirectory)
    {
        // First, so that nothing is printed as fine that is not: a check script reads the line and not the reason on standard error.
        Written written = textfileDirectory is null
            ? Written.Fine
            : Write(textfileDirectory, new SnapshotExposition(BuildInformation.Current).Render(snapshot).Span);
        if (written == Written.Taken || (written == Written.Failed && form.SaysState))
        {
            return ExitCode.Usage;
        }

        bool printed = TryPrint(output, form.Render(snapshot).Span);
        if (!(printed && form.TellsFailureItself))
        {
            foreach (string problem in snapshot.Problems)
            {
                ErrorLine.Write(problem);
            }
        }

        if (!printed)
        {
            return ExitCode.CouldNotMeasure;
        }

        return written == Written.Fine ? ExitCodeOf(snapshot) : ExitCode.Usage;
    }

    /// <summary>That of the worst watch, without thresholds all are fine; but what is not known is worse than a warning.</summary>
    private static int ExitCodeOf(Snapshot snapshot) => snapshot.WorstState switch
    {
        WatchState.Critical => ExitCode.Critical,
        WatchState.Unknown => ExitCode.CouldNotMeasure,
        _ when !snapshot.Succeeded => ExitCode.CouldNotMeasure,
        WatchState.Warning => ExitCode.Warning,
        _ => ExitCode.Fine,
    };

    /// <returns>Whether standard output took it; otherwise an error was written.</returns>
    internal static bool TryPrint(Stream output, ReadOnlySpan<byte> text)
    {
        try
        {
            SizeLimitedWrite.Write(output, text);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            ErrorLine.Write($"cannot write to standard output: {failure.Message}");
            return false;
        }
    }

    private static Written Write(string directory, ReadOnlySpan<byte> text)
    {
        using Textfile textfile = new(directory);
        try
        {
            textfile.Write(text);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            ErrorLine.Write($"cannot write {textfile.FilePath}: {failure.Message}");
            return Written.Failed;
        }
        catch (TextfileTakenException taken)
        {
            ErrorLine.Write(taken.Message);
            return Written.Taken;
        }

        if (textfile.Danger is { } danger)
        {
            ErrorLine.Write($"warning: other users can replace {textfile.FilePath}: {danger}");
        }

        return Written.Fine;
    }

    /// <summary>What became of the textfile.</summary>
    private enum Written
    {
        Fine,
        Failed,
        Taken,
    }
}
