using Agent.Cli.Rendering;
using Agent.Configuration;
using Agent.Metrics;
using Agent.Publishing;
using Agent.Watching;

namespace Agent.Cli;

/// <summary>The options that only <c>--once</c> has.</summary>
/// <param name="Format">The output format; null if none was given.</param>
/// <param name="Processes">Whether to look for the processes that hold the clients' ends.</param>
internal readonly record struct OnceOptions(OutputFormat? Format, bool Processes)
{
    /// <summary>Whether to ask all databases, and not only those that watches name, and to show them.</summary>
    public bool Databases { get; init; }

    /// <summary>The threshold of a warning for each database; null for none.</summary>
    public Threshold? Warning { get; init; }

    /// <summary>The critical threshold for each database; null for none.</summary>
    public Threshold? Critical { get; init; }

    /// <summary>Whether databases are judged.</summary>
    internal bool HasThresholds => Warning is not null || Critical is not null;

    /// <param name="output">The value of <c>--output</c>; null without.</param>
    /// <param name="processes">Whether <c>--processes</c> was given.</param>
    /// <exception cref="ConfigurationException">There is no such format, or it does not show processes.</exception>
    internal static OnceOptions Of(string? output, bool processes)
    {
        OutputFormat? format = output is null ? null : OutputFormats.Parse(output);
        if (!processes)
        {
            return new OnceOptions(format, Processes: false);
        }

        // Without a format, a table shows the processes, also through a pipe.
        return format is OutputFormat.Prom or OutputFormat.Check
            ? throw new ConfigurationException($"--processes: the format {output} does not show processes; give --output table or json, or remove --processes")
            : new OnceOptions(format ?? OutputFormat.Table, Processes: true);
    }

    /// <summary>The format to print in.</summary>
    /// <param name="onTerminal">Whether standard output is a terminal.</param>
    /// <param name="hasThresholds">Whether a watch has thresholds.</param>
    internal OutputFormat FormatFor(bool onTerminal, bool hasThresholds) =>
        Format ?? OutputFormats.Default(onTerminal || (Databases && !HasThresholds), hasThresholds || (Databases && HasThresholds));
}

/// <summary><c>agent --once</c>: prints one census, and writes the textfile if the command line asks for it.</summary>
internal static class OnceCommand
{
    /// <param name="snapshot">The counts.</param>
    /// <param name="format">The output format.</param>
    /// <param name="textfileDirectory">The directory of the textfile; null for none.</param>
    /// <returns>The exit code.</returns>
    internal static int Run(Snapshot snapshot, ISnapshotFormat format, string? textfileDirectory)
    {
        // The textfile comes first, so that "OK" is not printed if it fails: a check reads standard output and not the reason on standard error.
        TextfileResult textfile = textfileDirectory is null
            ? TextfileResult.Fine
            : WriteTextfile(textfileDirectory, new SnapshotExposition(BuildInformation.Current).Render(snapshot).Span);
        if (textfile == TextfileResult.Taken || (textfile == TextfileResult.Failed && format.ShowsState))
        {
            return ExitCode.Usage;
        }

        bool isPrinted = StandardOutput.TryWrite(format.Render(snapshot).Span);
        if (!(isPrinted && format.ShowsFailure))
        {
            foreach (string problem in snapshot.Problems)
            {
                ErrorLine.Write(problem);
            }
        }

        if (!(isPrinted && format.ShowsDeadProblem))
        {
            foreach (string problem in snapshot.DeadProblems)
            {
                ErrorLine.WriteWarning(problem);
            }
        }

        if (!isPrinted)
        {
            return ExitCode.CouldNotMeasure;
        }

        return textfile == TextfileResult.Fine ? ExitCodeOf(snapshot) : ExitCode.Usage;
    }

    /// <summary>The exit code of the worst watch. Without thresholds every watch is fine. An unknown state is worse than a warning.</summary>
    private static int ExitCodeOf(Snapshot snapshot) => snapshot.WorstState switch
    {
        WatchState.Critical => ExitCode.Critical,
        WatchState.Unknown => ExitCode.CouldNotMeasure,
        _ when !snapshot.Succeeded => ExitCode.CouldNotMeasure,
        WatchState.Warning => ExitCode.Warning,
        _ => ExitCode.Fine,
    };

    private static TextfileResult WriteTextfile(string directory, ReadOnlySpan<byte> text)
    {
        using Textfile textfile = new(directory);
        try
        {
            textfile.Write(text);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            ErrorLine.Write($"cannot write {textfile.FilePath}: {failure.Message}");
            return TextfileResult.Failed;
        }
        catch (TextfileTakenException taken)
        {
            ErrorLine.Write(taken.Message);
            return TextfileResult.Taken;
        }

        if (textfile.Danger is { } danger)
        {
            ErrorLine.Write($"warning: other users can replace {textfile.FilePath}: {danger}");
        }

        return TextfileResult.Fine;
    }

    private enum TextfileResult
    {
        Fine,
        Failed,
        Taken,
    }
}
