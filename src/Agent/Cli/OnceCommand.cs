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
    /// <param name="errors">Standard error.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="ConfigurationException">The textfile that was asked for could not be written.</exception>
    internal static int Run(
        Settings settings, Census census, ISnapshotForm form, SnapshotExposition exposition, Stream output, TextWriter errors)
    {
        Snapshot snapshot = census.Take();
        bool printed = TryPrint(output, form.Render(snapshot).Span, errors);
        if (settings.TextfileDirectory is { IsFromCommandLine: true, Value: { } directory })
        {
            WriteTextfile(directory, exposition.Render(snapshot).Span, errors);
        }

        if (snapshot.Failure is { } failure && !(printed && form.TellsFailureItself))
        {
            errors.WriteLine(ErrorLine.For(failure));
        }

        return snapshot.Succeeded && printed ? ExitCodeOf(snapshot) : ExitCode.CouldNotMeasure;
    }

    /// <summary>That of the worst watch; without thresholds all are fine.</summary>
    private static int ExitCodeOf(Snapshot snapshot) =>
        snapshot.Watches.Select(counts => counts.State).DefaultIfEmpty().Max() switch
        {
            WatchState.Critical => ExitCode.Critical,
            WatchState.Warning => ExitCode.Warning,
            _ => ExitCode.Fine,
        };

    private static bool TryPrint(Stream output, ReadOnlySpan<byte> text, TextWriter errors)
    {
        try
        {
            output.Write(text);
            output.Flush();
            return true;
        }
        catch (IOException failure)
        {
            errors.WriteLine(ErrorLine.For($"cannot write to standard output: {failure.Message}"));
            return false;
        }
    }

    private static void WriteTextfile(string directory, ReadOnlySpan<byte> text, TextWriter errors)
    {
        using Textfile textfile = new(directory);
        try
        {
            textfile.Write(text);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"cannot write {textfile.FilePath}: {failure.Message}");
        }
        catch (TextfileTakenException taken)
        {
            throw new ConfigurationException(taken.Message);
        }

        if (textfile.OthersMayWrite)
        {
            errors.WriteLine(ErrorLine.For($"warning: {directory} may be written by every user; chmod o-w it"));
        }
    }
}
