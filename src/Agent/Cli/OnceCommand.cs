using Agent.Configuration;
using Agent.Metrics;
using Agent.Publishing;
using Agent.Watching;

namespace Agent.Cli;

/// <summary><c>agent --once</c>: one census, printed, and written where the command line says.</summary>
internal static class OnceCommand
{
    /// <returns>The exit code.</returns>
    internal static int Run(Settings settings, Census census, SnapshotExposition exposition, Stream output)
    {
        Snapshot snapshot = census.Take();
        ReadOnlySpan<byte> text = exposition.Render(snapshot).Span;
        bool printed = TryPrint(output, text);
        if (snapshot.Failure is { } failure)
        {
            ErrorLine.Write(failure);
        }

        bool written = settings.TextfileDirectory is not { IsFromCommandLine: true, Value: { } directory } || TryWrite(directory, text);
        if (!snapshot.Succeeded || !printed)
        {
            return ExitCode.CouldNotMeasure;
        }

        return written ? ExitCode.Fine : ExitCode.Usage;
    }

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
