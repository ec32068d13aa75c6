namespace Agent.Publishing;

/// <summary>
/// The file that node_exporter's textfile collector reads. It is replaced whole: a reader sees the old text or the new one, whatever ends the
/// agent in between.
/// </summary>
internal sealed class Textfile : IDisposable
{
    internal const string FileName = "tcp_connections.prom";

    private const UnixFileMode FileMode0644 =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const UnixFileMode DirectoryMode0755 =
        FileMode0644 | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    // The temporary names start with the file's own and do not end in .prom, so that node_exporter leaves them alone.
    private const string TemporarySuffix = ".tmp";
    private const string LockSuffix = ".lock";

    private static readonly TimeSpan LongestWait = TimeSpan.FromMilliseconds(300);

    private volatile string _directory;
    private volatile string _filePath;
    private readonly Lock _gate = new();
    private TextfileLock? _lock;
    private volatile bool _removesFile;
    private volatile bool _closed;

    /// <param name="directory">An absolute path; made when it is first needed.</param>
    internal Textfile(string directory)
    {
        _directory = directory;
        _filePath = Path.Combine(directory, FileName);
    }

    /// <summary>The file's absolute path.</summary>
    internal string FilePath => _filePath;

    /// <summary>
    /// Why users other than root and the agent's own can replace the file, and what to do; null where they cannot. Known once it was acquired.
    /// </summary>
    internal string? Danger { get; private set; }

    /// <summary>Whether the directory is the one that the file is locked in, also by another path to it; false while a write hangs.</summary>
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
            GiveBackIfClosed();
        }
    }

    /// <summary>Goes on by another path to the same directory, see <see cref="IsIn"/>: the former one may be a symlink that is removed.</summary>
    internal void Rename(string directory)
    {
        // Without the gate, for a write may hang. One that has begun ends in the same directory, whichever path it takes.
        _directory = directory;
        _filePath = Path.Combine(directory, FileName);
        _lock?.Rename(_filePath + LockSuffix);
    }

    /// <summary>
    /// Makes sure that the directory is there, that no other agent writes the file, and that nothing is left of one that was killed. Does
    /// nothing after <see cref="Dispose"/>.
    /// </summary>
    /// <exception cref="TextfileTakenException">Another agent writes it.</exception>
    /// <exception cref="IOException">The directory cannot be made or used.</exception>
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
            GiveBackIfClosed();
        }
    }

    private void EnsureLock()
    {
        if (_lock is not { IsInPlace: true })
        {
            AcquireAnew();
        }
    }

    private void AcquireAnew()
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
            // Not acquired: the next attempt begins anew, with what was left.
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
            GiveBackIfClosed();
        }
    }

    /// <summary>Removes the file if it is ours, for numbers that nobody renews are no numbers; nothing is written afterwards.</summary>
    /// <exception cref="IOException">It cannot be removed, or a write to it hangs and removes it when that is over.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    internal void Remove() => Close(removeFile: true);

    /// <summary>Gives the file free for another agent, and leaves it where it is. Does nothing after <see cref="Remove"/>.</summary>
    /// <exception cref="IOException">A write to it hangs, and gives it free when that is over.</exception>
    public void Dispose() => Close(removeFile: false);

    private void Close(bool removeFile)
    {
        if (_closed)
        {
            return;
        }

        _removesFile = removeFile;
        _closed = true;
        // A write that hangs on a dead disk shall not hold up the end of the agent.
        if (!_gate.TryEnter(LongestWait))
        {
            throw new IOException("a write to it hangs");
        }

        try
        {
            GiveBack();
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>
    /// What was closed while a disk held up its use may have nobody else to do this, for who closed it does not wait for long. Looked at when
    /// the gate is open again, so that one of the two does it.
    /// </summary>
    private void GiveBackIfClosed()
    {
        if (_closed && _gate.TryEnter())
        {
            try
            {
                GiveBack();
            }
            finally
            {
                _gate.Exit();
            }
        }
    }

    private void GiveBack()
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
            // The old file stays: to remove it would make room for one write on a full disk, and for one change of state each interval.
            TryDelete(temporary);
            throw;
        }
    }

    private static void WriteNew(string path, ReadOnlySpan<byte> text)
    {
        // O_EXCL: it follows no symlink that somebody planted.
        using FileStream file = new(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = 0,
        });
        // Whatever the umask says: node_exporter is another user.
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
        // Each that is made, and whatever the umask says: node_exporter is another user.
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
            // The failure that made it superfluous is the one to tell of.
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
