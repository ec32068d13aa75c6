using Agent.Configuration;

namespace Agent.Publishing;

/// <summary>The textfile that the agent writes now, and how a reload moves it to another directory.</summary>
internal sealed class CurrentTextfile
{
    private static readonly TimeSpan LongestAcquisition = TimeSpan.FromSeconds(5);

    private string? _directory;

    /// <summary>The textfile; null when none is written.</summary>
    internal Textfile? Value { get; private set; }

    /// <summary>Takes the textfile of a directory, before anything is changed: the same one where it is the same directory.</summary>
    /// <param name="directory">The directory; null for no textfile.</param>
    /// <exception cref="TextfileTakenException">Another agent writes it.</exception>
    /// <exception cref="ConfigurationException">It cannot be written, and there is one that can.</exception>
    internal Textfile? Acquire(string? directory)
    {
        if (directory is null)
        {
            return null;
        }

        if (Value is { } current && (_directory == directory || IsSame(current, directory)))
        {
            return current;
        }

        Textfile textfile = new(directory);
        // Without a current one, the publisher meets the failure again, logs it and goes on trying.
        if (FailureToAcquire(textfile) is { } failure && Value is not null)
        {
            GiveUp(textfile);
            throw new ConfigurationException($"{textfile.FilePath} cannot be written: {failure}");
        }

        return textfile;
    }

    /// <summary>Makes an acquired textfile the current one.</summary>
    internal void Set(Textfile? acquired, string? directory)
    {
        if (acquired is not null && acquired == Value)
        {
            acquired.Rename(directory!);
        }

        (Value, _directory) = (acquired, directory);
    }

    /// <returns>Whether the directory is that of this textfile under another name; false also where a disk does not respond.</returns>
    private static bool IsSame(Textfile textfile, string directory)
    {
        Task<bool> comparison = Task.Run(() => textfile.IsIn(directory));
        return comparison.Wait(LongestAcquisition) && comparison.Result;
    }

    /// <returns>Why the textfile cannot be written; null when it can.</returns>
    /// <exception cref="TextfileTakenException">Another agent writes it.</exception>
    private static string? FailureToAcquire(Textfile textfile)
    {
        try
        {
            // A disk that hangs holds up the textfile only.
            return Task.Run(textfile.Acquire).Wait(LongestAcquisition)
                ? null
                : $"its directory does not respond within {LongestAcquisition.TotalSeconds} s";
        }
        catch (AggregateException failed) when (failed.InnerException is TextfileTakenException taken)
        {
            throw taken;
        }
        catch (AggregateException failed) when (failed.InnerException is IOException or UnauthorizedAccessException)
        {
            return failed.InnerException.Message;
        }
    }

    /// <summary>Releases an acquired textfile that no publisher has.</summary>
    internal static void GiveUp(Textfile? acquired)
    {
        try
        {
            acquired?.Dispose();
        }
        catch (IOException)
        {
            // Its disk hangs; the lock goes when that is over.
        }
    }
}
