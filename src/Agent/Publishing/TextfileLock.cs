using System.Runtime.InteropServices;
using Netlink.Interop;
using Tmds.Linux;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Agent.Publishing;

/// <summary>
/// Keeps a second agent from writing the same file: an advisory lock, flock(2), on a file beside it. The kernel releases the lock however the
/// process ends.
/// </summary>
internal sealed class TextfileLock : IDisposable
{
    // No other user may open it, so no other user may lock it.
    private const ushort Mode0600 = 0b110_000_000;
    private const int Attempts = 5;
    private const string DeletedMark = " (deleted)";

    private volatile string _path;
    private readonly FileDescriptor _file;
    private readonly string? _acquiredAt;

    private TextfileLock(string path, FileDescriptor file)
    {
        _path = path;
        _file = file;
        _acquiredAt = WhereItIs();
    }

    /// <summary>Whether the path still leads to the locked file; not after the directory was removed or replaced.</summary>
    internal bool IsInPlace =>
        File.Exists(_path) && WhereItIs() is { } place && place == _acquiredAt && !place.EndsWith(DeletedMark, StringComparison.Ordinal);

    /// <summary>Whether another path leads to the locked file: the same inode of the same device.</summary>
    internal bool IsAt(string path) =>
        IsInPlace
        && LibC.statx(path, AT_SYMLINK_NOFOLLOW, STATX_INO, out statx there) == 0
        && LibC.statx(_file, STATX_INO, out statx own) == 0
        && (there.stx_dev_major, there.stx_dev_minor, (ulong)there.stx_ino) == (own.stx_dev_major, own.stx_dev_minor, (ulong)own.stx_ino);

    /// <summary>Uses another path to the file from now on.</summary>
    internal void Rename(string path) => _path = path;

    /// <returns>The lock; null when another process holds it.</returns>
    /// <exception cref="IOException">The lock file cannot be created here.</exception>
    internal static TextfileLock? TryAcquire(string path)
    {
        for (int attempt = 1; attempt <= Attempts; attempt++)
        {
            FileDescriptor? file = TryLock(path);
            if (file is null)
            {
                return null;
            }

            TextfileLock acquired = new(path, file);
            if (acquired.IsInPlace)
            {
                return acquired;
            }

            // Its former holder removed the file after it was opened here and before it was locked.
            file.Dispose();
        }

        throw new IOException($"{path} is removed each time that it is created");
    }

    /// <summary>Removes the lock file and then releases the lock. In this order no other agent can hold a lock on a removed file for a valid one.</summary>
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
            // The directory is gone or read-only. A file that stays is not a lock: the lock ends with the handle.
        }

        _file.Dispose();
    }

    /// <summary>The path of the open file, see proc_pid_fd(5): it follows renames, and has a mark after a deletion.</summary>
    private string? WhereItIs() => new FileInfo($"/proc/self/fd/{_file.Number}").LinkTarget;

    private static FileDescriptor? TryLock(string path)
    {
        // Read-only: it changes nothing, and the filesystem can still be remounted read-only. O_NOFOLLOW and O_NONBLOCK: where other users may write to
        // the directory, this name could be a symlink or a pipe.
        FileDescriptor file = LibC.open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, Mode0600, out int errno);
        if (file.IsInvalid)
        {
            throw Failure(path, errno);
        }

        errno = -LibC.flock(file, file_h.LOCK_EX | file_h.LOCK_NB);
        if (errno == 0)
        {
            return file;
        }

        file.Dispose();
        return errno == EAGAIN ? null : throw Failure(path, errno);
    }

    private static IOException Failure(string path, int errno) => new($"{Marshal.GetPInvokeErrorMessage(errno)} : '{path}'");
}

/// <summary>Another running agent writes the same file.</summary>
internal sealed class TextfileTakenException(string path)
    : Exception($"another agent already writes {path}; stop it, or give this one another --textfile-directory");
