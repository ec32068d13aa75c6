using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Agent.Publishing.Interop;

/// <summary>
/// What a lock needs and .NET does not give: to open a file without following a symlink and without waiting for whatever it is. C spelling.
/// </summary>
internal static partial class LibC
{
    // fcntl.h
    internal const int O_RDONLY = 0;
    internal const int O_CREAT = 0x40;
    internal const int O_NONBLOCK = 0x800;
    internal const int O_NOFOLLOW = 0x20000;
    internal const int O_CLOEXEC = 0x80000;

    // sys/file.h
    internal const int LOCK_EX = 2;
    internal const int LOCK_NB = 4;

    // errno.h
    internal const int EAGAIN = 11;

    // int open(const char *pathname, int flags, mode_t mode);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SafeFileHandle open(string pathname, int flags, uint mode);

    // int flock(int fd, int operation);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int flock(SafeFileHandle fd, int operation);
}
