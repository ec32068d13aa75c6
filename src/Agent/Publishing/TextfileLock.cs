namespace Agent.Publishing;

/// <summary>
/// Keeps a second agent off the same file: an advisory lock, flock(2), which the kernel takes back however its holder ends, on a file beside
/// the one that it protects.
/// </summary>
internal sealed class TextfileLock : IDisposable
{
    private const int Attempts = 5;
    private readonly string _path;
    private readonly FileStream _file;

    private TextfileLock(string path, FileStream file)
    {
        _path = path;
        _file = file;
    }

    /// <summary>Whether the file is still there; it is not when somebody removed or replaced the directory.</summary>
    internal bool IsInPlace => File.Exists(_path);

    /// <returns>The lock; null when another process holds it.</returns>
    /// <exception cref="IOException">The lock cannot be made here.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    internal static TextfileLock? TryAcquire(string path)
    {
        for (int attempt = 1; ; attempt++)
        {
            FileStream? file = TryOpen(path);
            if (file is null)
            {
                return null;
            }

            TextfileLock acquired = new(path, file);
            if (acquired.IsInPlace)
            {
                return acquired;
            }

            // Its former holder removed it between our opening it and our getting the lock.
            file.Dispose();
            if (attempt == Attempts)
            {
                throw new IOException($"{path} disappears as often as it is made");
            }
        }
    }

    /// <summary>Gives the lock back and removes its file, in the order in which nobody can take a lock on the removed file for a lock.</summary>
    public void Dispose()
    {
        try
        {
            File.Delete(_path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The directory is gone or read-only. A file that stays behind is not a lock: the kernel's lock ends with the handle.
        }

        _file.Dispose();
    }

    private static FileStream? TryOpen(string path)
    {
        try
        {
            // O_EXCL: where others may write, a symlink with this name must not make us create a file elsewhere.
            return new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.None,
                BufferSize = 0,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
            });
        }
        catch (IOException) when (Path.Exists(path))
        {
            return TryOpenExisting(path);
        }
    }

    private static FileStream? TryOpenExisting(string path)
    {
        try
        {
            // Only read: nothing is changed, whatever it is.
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None, bufferSize: 0);
        }
        catch (IOException busy) when (busy is not (FileNotFoundException or DirectoryNotFoundException))
        {
            return null;
        }
    }
}
