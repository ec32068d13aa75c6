namespace Agent.Publishing;

/// <summary>
/// Keeps a second agent off the same file: an advisory lock, flock(2), which the kernel takes back however its holder ends, on a file beside
/// the one that it protects.
/// </summary>
internal sealed class TextfileLock : IDisposable
{
    private const int Attempts = 5;
    private const string DeletedMark = " (deleted)";
    private readonly string _path;
    private readonly FileStream _file;
    private readonly string? _acquiredAt;

    private TextfileLock(string path, FileStream file)
    {
        _path = path;
        _file = file;
        _acquiredAt = WhereItIs();
    }

    /// <summary>Whether the path still leads to the file that is locked; it does not when somebody removed or replaced the directory.</summary>
    internal bool IsInPlace =>
        File.Exists(_path) && WhereItIs() is { } place && place == _acquiredAt && !place.EndsWith(DeletedMark, StringComparison.Ordinal);

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
            if (IsInPlace)
            {
                File.Delete(_path);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The directory is gone or read-only. A file that stays behind is not a lock: the kernel's lock ends with the handle.
        }

        _file.Dispose();
    }

    /// <summary>The kernel's word for the open file's path, see proc_pid_fd(5): it follows renames and tells of a deletion.</summary>
    private string? WhereItIs() => new FileInfo($"/proc/self/fd/{_file.SafeFileHandle.DangerousGetHandle()}").LinkTarget;

    private static FileStream? TryOpen(string path)
    {
        Make(path);
        try
        {
            // Only to read: nothing is changed, whatever it is, and a filesystem can still be made read-only under it.
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None, bufferSize: 0);
        }
        catch (IOException busy) when (busy is not (FileNotFoundException or DirectoryNotFoundException))
        {
            return null;
        }
    }

    private static void Make(string path)
    {
        try
        {
            // O_EXCL: where others may write, a symlink with this name must not make us create a file elsewhere.
            new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0).Dispose();
        }
        catch (IOException) when (File.Exists(path))
        {
            // Left by an agent that was killed, or held by one that runs.
        }
    }
}
