using System.Runtime.InteropServices;
using Agent.Publishing.Interop;
using Microsoft.Win32.SafeHandles;

namespace Agent.Publishing;

/// <summary>
/// Keeps a second agent off the same file: an advisory lock, flock(2), which the kernel takes back however its holder ends, on a file beside
/// the one that it protects.
/// </summary>
internal sealed class TextfileLock : IDisposable
{
    // Nobody else may open it, and so nobody else may lock it.
    private const uint Mode0600 = 0b110_000_000;
    private const int Attempts = 5;
    private const string DeletedMark = " (deleted)";

    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly string? _acquiredAt;

    private TextfileLock(string path, SafeFileHandle file)
    {
        _path = path;
        _file = file;
        _acquiredAt = WhereItIs();
    }

    /// <summary>Whether the path still leads to the file that is locked; it does not when somebody removed or replaced the directory.</summary>
    internal bool IsInPlace =>
        File.Exists(_path) && WhereItIs() is { } place && place == _acquiredAt && !place.EndsWith(DeletedMark, StringComparison.Ordinal);

    /// <returns>The lock; null when another process holds it.</returns>
    /// <exception cref="IOException">The lock cannot be made here, or this user may not make it.</exception>
    internal static TextfileLock? TryAcquire(string path)
    {
        for (int attempt = 1; attempt <= Attempts; attempt++)
        {
            SafeFileHandle? file = TryLock(path);
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
    private string? WhereItIs() => new FileInfo($"/proc/self/fd/{_file.DangerousGetHandle()}").LinkTarget;

    private static SafeFileHandle? TryLock(string path)
    {
        // Only to read, so that nothing is changed, whatever it is, and a filesystem can still be made read-only under it; where others may write the
        // directory neither a symlink nor a pipe with this name may lead us astray.
        SafeFileHandle file = LibC.open(
            path, LibC.O_RDONLY | LibC.O_CREAT | LibC.O_NOFOLLOW | LibC.O_NONBLOCK | LibC.O_CLOEXEC, Mode0600);
        if (file.IsInvalid)
        {
            throw Failure(path, Marshal.GetLastPInvokeError());
        }

        if (LibC.flock(file, LibC.LOCK_EX | LibC.LOCK_NB) == 0)
        {
            return file;
        }

        int errno = Marshal.GetLastPInvokeError();
        file.Dispose();
        return errno == LibC.EAGAIN ? null : throw Failure(path, errno);
    }

    private static IOException Failure(string path, int errno) => new($"{Marshal.GetPInvokeErrorMessage(errno)} : '{path}'");
}
