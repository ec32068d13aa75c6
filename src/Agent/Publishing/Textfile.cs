namespace Agent.Publishing;

/// <summary>
/// The file that node_exporter's textfile collector reads. It is replaced as a whole: a reader sees the old text or the new one, however the agent
/// ends.
/// </summary>
internal sealed class Textfile : IDisposable
{
    internal const string FileName = "tcp_connections.prom";

    private const UnixFileMode FileMode0644 =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const UnixFileMode DirectoryMode0755 =
        FileMode0644 | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    // The temporary names do not end in .prom, so that node_exporter ignores them.
    private const string TemporarySuffix = ".tmp";
    private const string LockSuffix = ".lock";

    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(300);

    private volatile string _directory;
    private volatile string _filePath;
    private readonly Lock _gate = new();
    private TextfileLock? _lock;
    private volatile bool _removesFile;
    private volatile bool _closed;

    /// <param name="directory">An absolute path; created when it is first needed.</param>
    internal Textfile(string directory)
    {
        _directory = directory;
        _filePath = Path.Combine(directory, FileName);
    }

    /// <summary>The file's absolute path.</summary>
    internal string FilePath => _filePath;

    /// <summary>
    /// Why users other than root and the agent's own can replace the file, and what to do; null where they cannot. Known after <see cref="Acquire"/>.
    /// </summary>
    internal string? Danger { get; private set; }

    /// <summary>Whether the directory is that of the locked file, also by another path; false while a write hangs.</summary>
    internal bool IsIn(string directory)
    {
        if (!_gate.TryEnter(LongestWait))
        {
            return false;
        }

        try
        {
            return _lock?.IsAt(Path.Combine(directory, FileName) + LockSuffix) ?? false;
        }
        finally
        {
            _gate.Exit();
            ReleaseIfClosed();
        }
    }

    /// <summary>Uses another path to the same directory from now on, see <see cref="IsIn"/>: the former path may be a symlink that is removed.</summary>
    internal void Rename(string directory)
    {
        // Without the gate: a write may hang. A write that has begun ends in the same directory by either path.
        _directory = directory;
        _filePath = Path.Combine(directory, FileName);
        _lock?.Rename(_filePath + LockSuffix);
    }

    /// <summary>
    /// Creates the directory if it is missing, locks the file against other agents, and removes temporary files of an agent that was killed. Does
    /// nothing after <see cref="Dispose"/>.
    /// </summary>
    /// <exception cref="TextfileTakenException">Another agent writes it.</exception>
    /// <exception cref="IOException">The directory cannot be created or used.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    internal void Acquire()
    {
        try
        {
            lock (_gate)
            {
                if (!_closed)
                {
                    EnsureLock();
                }
            }
        }
        finally
        {
            ReleaseIfClosed();
        }
    }

    private void EnsureLock()
    {
        if (_lock is not { IsInPlace: true })
        {
            AcquireLock();
        }
    }

    private void AcquireLock()
    {
        _lock?.Dispose();
        _lock = null;
        EnsureDirectory(_directory);
        TextfileLock acquired = TextfileLock.TryAcquire(FilePath + LockSuffix) ?? throw new TextfileTakenException(FilePath);
        try
        {
            Danger = DirectoryTrust.FindDanger(_directory);
            RemoveLeftovers();
        }
        catch
        {
            // Not acquired: the next attempt removes the temporary files again.
            acquired.Dispose();
            throw;
        }

        _lock = acquired;
    }

    /// <summary>Replaces the file. Does nothing after <see cref="Dispose"/>.</summary>
    /// <exception cref="TextfileTakenException">Another agent writes it.</exception>
    /// <exception cref="IOException">The directory or the file cannot be written, or the disk is full; the old file stays.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    internal void Write(ReadOnlySpan<byte> text)
    {
        try
        {
            lock (_gate)
            {
                if (!_closed)
                {
                    EnsureLock();
                    Replace(text);
                }
            }
        }
        finally
        {
            ReleaseIfClosed();
        }
    }

    /// <summary>Removes the file if this agent holds its lock, because its numbers would grow old; nothing is written afterwards.</summary>
    /// <exception cref="IOException">It cannot be removed, or a write hangs and will remove it when it ends.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    internal void Remove() => Close(removeFile: true);

    /// <summary>Releases the lock and leaves the file in place. Does nothing after <see cref="Remove"/>.</summary>
    /// <exception cref="IOException">A write hangs, and will release the lock when it ends.</exception>
    public void Dispose() => Close(removeFile: false);

    private void Close(bool removeFile)
    {
        if (_closed)
        {
            return;
        }

        _removesFile = removeFile;
        _closed = true;
        // A write that hangs on a dead disk must not delay the end of the agent.
        if (!_gate.TryEnter(LongestWait))
        {
            throw new IOException("a write to it hangs");
        }

        try
        {
            ReleaseLock();
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>
    /// Releases the lock after a write during which the file was closed: the caller of Close does not wait for a hanging write. Checked when the
    /// gate is free again, so that one of the two releases it.
    /// </summary>
    private void ReleaseIfClosed()
    {
        if (_closed && _gate.TryEnter())
        {
            try
            {
                ReleaseLock();
            }
            finally
            {
                _gate.Exit();
            }
        }
    }

    private void ReleaseLock()
    {
        try
        {
            if (_removesFile && _lock is { IsInPlace: true })
            {
                File.Delete(FilePath);
            }
        }
        finally
        {
            _lock?.Dispose();
            _lock = null;
        }
    }

    private void Replace(ReadOnlySpan<byte> text)
    {
        string temporary = $"{FilePath}.{Path.GetRandomFileName()}{TemporarySuffix}";
        try
        {
            WriteNew(temporary, text);
            File.Move(temporary, FilePath, overwrite: true);
        }
        catch
        {
            // The old file stays: on a full disk, removing it would let one write succeed and the next fail, again and again.
            TryDelete(temporary);
            throw;
        }
    }

    private static void WriteNew(string path, ReadOnlySpan<byte> text)
    {
        // O_EXCL: it follows no symlink of another user.
        using FileStream file = new(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = 0,
        });
        // Regardless of the umask: node_exporter is another user.
        File.SetUnixFileMode(file.SafeFileHandle, FileMode0644);
        SizeLimitedWrite.Write(file, text);
    }

    private static void EnsureDirectory(string directory)
    {
        if (Directory.Exists(directory))
        {
            return;
        }

        if (Path.GetDirectoryName(directory) is { } parent)
        {
            EnsureDirectory(parent);
        }

        Directory.CreateDirectory(directory);
        // Each new directory, regardless of the umask: node_exporter is another user.
        File.SetUnixFileMode(directory, DirectoryMode0755);
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The first failure is the one to report.
        }
    }

    private void RemoveLeftovers()
    {
        foreach (string leftover in Directory.EnumerateFiles(_directory, $"{FileName}.*{TemporarySuffix}"))
        {
            File.Delete(leftover);
        }
    }
}
