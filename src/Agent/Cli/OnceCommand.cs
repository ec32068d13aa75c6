using Agent.Configuration;
using Agent.Metrics;
using Agent.Publishing;
using Agent.Watching;

namespace Agent.Cli;

/// <summary><c>agent --once</c>: one census, printed, and written where the command line says.</summary>
internal static class OnceCommand
{
    /// <returns>The exit code.</returns>
    /// <exception cref="ConfigurationException">The textfile that was asked for could not be written.</exception>
    internal static int Run(Settings settings, Census census, SnapshotExposition exposition, Stream output, TextWriter errors)
    {
        Snapshot snapshot = census.Take();
        ReadOnlySpan<byte> text = exposition.Render(snapshot).Span;
        bool printed = TryPrint(output, text, errors);
        if (settings.TextfileDirectory is { IsFromCommandLine: true, Value: { } directory })
        {
            WriteTextfile(directory, text, errors);
        }

        if (snapshot.Failure is { } failure)
        {
            errors.WriteLine(ErrorLine.For(failure));
        }

        return snapshot.Succeeded && printed ? ExitCode.Fine : ExitCode.CouldNotMeasure;
    }

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
