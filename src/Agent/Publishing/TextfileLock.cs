using System.Runtime.InteropServices;
using Netlink.Interop;
using Tmds.Linux;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Agent.Publishing;

/// <summary>
/// Keeps a second agent off the same file: an advisory lock, flock(2), which the kernel takes back however its holder ends, on a file beside
/// the one that it protects.
/// </summary>
internal sealed class TextfileLock : IDisposable
{
    // Nobody else may open it, and so nobody else may lock it.
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

    /// <summary>Whether the path still leads to the file that is locked; it does not when somebody removed or replaced the directory.</summary>
    internal bool IsInPlace =>
        File.Exists(_path) && WhereItIs() is { } place && place == _acquiredAt && !place.EndsWith(DeletedMark, StringComparison.Ordinal);

    /// <summary>Whether another path leads to the file that is locked: the same inode of the same device.</summary>
    internal bool IsAt(string path) =>
        IsInPlace
        && LibC.statx(path, AT_SYMLINK_NOFOLLOW, STATX_INO, out statx there) == 0
        && LibC.statx(_file, STATX_INO, out statx own) == 0
        && (there.stx_dev_major, there.stx_dev_minor, (ulong)there.stx_ino) == (own.stx_dev_major, own.stx_dev_minor, (ulong)own.stx_ino);

    /// <summary>Goes on by another path that leads to the file.</summary>
    internal void Rename(string path) => _path = path;

    /// <returns>The lock; null when another process holds it.</returns>
    /// <exception cref="IOException">The lock cannot be made here, or this user may not make it.</exception>
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

            // Its former holder removed it between our opening it and our getting the lock.
            file.Dispose();
        }

        throw new IOException($"{path} disappears as often as it is made");
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
    private string? WhereItIs() => new FileInfo($"/proc/self/fd/{_file.Number}").LinkTarget;

    private static FileDescriptor? TryLock(string path)
    {
        // Only to read, so that nothing is changed, whatever it is, and a filesystem can still be made read-only under it; where others may write the
        // directory neither a symlink nor a pipe with this name may lead us astray.
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
