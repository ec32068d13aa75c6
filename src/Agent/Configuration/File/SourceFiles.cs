using Agent.Platform;

namespace Agent.Configuration.File;

/// <summary>
/// The contents of the files that settings are read from: the configuration file, and those that it or a variable names. Settings that are read
/// twice from the same contents are equal, whatever is on the disk meanwhile.
/// </summary>
/// <param name="known">Contents that were read before; files that are not among them are read from the disk.</param>
internal sealed class SourceFiles(SourceFiles? known = null)
{
    // A hundred times the largest useful file. A device or a log that was given by mistake is not read to its end.
    private const int LargestFile = 4 << 20;

    private readonly List<Content> _contents = [];

    /// <summary>The paths as they were given, in the order in which they were needed.</summary>
    internal IEnumerable<string> Paths => _contents.Select(content => content.Path);

    /// <summary>Whether there are files, and all of them can be reloaded. A pipe can be read only once.</summary>
    internal bool CanBeReadAgain => _contents.Count > 0 && _contents.TrueForAll(content => content.CanBeReadAgain);

    /// <summary>The content of a file. From now on it is one of these files, even if it cannot be read.</summary>
    /// <param name="path">The path as it was given.</param>
    /// <param name="mayBePipe">Whether it may be something else than a regular file.</param>
    /// <exception cref="ConfigurationException">The file cannot be read.</exception>
    internal byte[] Read(string path, bool mayBePipe = false)
    {
        if (Find(path) is not { } content)
        {
            content = known?.Find(path) ?? ReadContent(path, mayBePipe ? System.IO.File.OpenRead : RegularFile.OpenRead);
            _contents.Add(content);
        }

        return content.Bytes ?? throw new ConfigurationException(content.Failure!);
    }

    /// <summary>The same files as they are now.</summary>
    internal SourceFiles ReadAgain()
    {
        SourceFiles now = new();
        now._contents.AddRange(_contents.Select(content => ReadContent(content.Path, RegularFile.OpenRead)));
        return now;
    }

    /// <summary>Whether these are the same files with the same contents. A file that could not be read has the same content, whatever the reason.</summary>
    internal bool AreSameAs(SourceFiles other) =>
        _contents.Count == other._contents.Count && _contents.Zip(other._contents).All(pair => pair.First.IsSameAs(pair.Second));

    private Content? Find(string path) => _contents.Find(content => content.Path == path);

    private static Content ReadContent(string path, Func<string, FileStream> open)
    {
        try
        {
            using FileStream file = open(path);
            using MemoryStream bytes = new();
            byte[] buffer = new byte[16 * 1024];
            for (int read; (read = file.Read(buffer)) > 0;)
            {
                bytes.Write(buffer, 0, read);
                if (bytes.Length > LargestFile)
                {
                    return new Content(path, null, $"{path}: larger than {LargestFile >> 20} MiB; this is not a configuration file", file.CanSeek);
                }
            }

            return new Content(path, bytes.ToArray(), null, file.CanSeek);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new Content(path, null, $"{path}: {ReasonOf(path, failure)}", CanBeReadAgain: true);
        }
    }

    private static string ReasonOf(string path, Exception failure) => failure switch
    {
        _ when Directory.Exists(path) => "is a directory; give a file",
        FileNotFoundException or DirectoryNotFoundException when LinkTargetOf(path) is { } target =>
            $"is a symbolic link to {target}, which does not exist; create that file, or give another path",
        FileNotFoundException or DirectoryNotFoundException => "cannot be read: there is no such file; check the path",
        UnauthorizedAccessException => "cannot be read: permission denied for the agent's user; change the file's owner or mode",
        _ => $"cannot be read: {failure.Message}",
    };

    private static string? LinkTargetOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // It was removed, or its directory may not be read. The reason from opening the file is enough.
            return null;
        }
    }

    /// <summary>The content of a file, or why it could not be read.</summary>
    private sealed record Content(string Path, byte[]? Bytes, string? Failure, bool CanBeReadAgain)
    {
        internal bool IsSameAs(Content other) =>
            Path == other.Path
            && (Bytes is null || other.Bytes is null ? Bytes == other.Bytes : Bytes.AsSpan().SequenceEqual(other.Bytes));
    }
}
