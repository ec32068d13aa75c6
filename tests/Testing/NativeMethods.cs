using System.Runtime.InteropServices;

namespace Testing;

/// <summary>The functions of the C library that only tests use.</summary>
internal static partial class NativeMethods
{
    internal const int CLONE_NEWNET = 0x40000000;
    internal const int SIOCGIFFLAGS = 0x8913;
    internal const int SIOCSIFFLAGS = 0x8914;
    internal const short IFF_UP = 1;
    internal const int SIGHUP = 1;
    internal const int SIGTERM = 15;
    internal const int SIGINT = 2;
    internal const int SIGKILL = 9;
    internal const int SIGSTOP = 19;
    internal const int SIGCONT = 18;

    internal const int CLOCK_MONOTONIC = 1;

    internal const int PROT_NONE = 0;
    internal const int PROT_READ_WRITE = 3;
    internal const int MAP_PRIVATE_ANONYMOUS = 0x22;

    // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint mmap(nint addr, nuint length, int prot, int flags, int fd, nint offset);

    // int mprotect(void *addr, size_t len, int prot);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int mprotect(nint addr, nuint len, int prot);

    // int munmap(void *addr, size_t length);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int munmap(nint addr, nuint length);

    // int unshare(int flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int unshare(int flags);

    // int ioctl(int fd, unsigned long request, ...);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(nint fd, nuint request, ref InterfaceFlags flags);

    // int chown(const char *pathname, uid_t owner, gid_t group);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int chown(string path, int owner, int group);

    // int rename(const char *oldpath, const char *newpath);
    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int rename(string oldpath, string newpath);

    // int kill(pid_t pid, int sig);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    // int clock_gettime(clockid_t clockid, struct timespec *tp);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int clock_gettime(int clockid, out Timespec tp);

    /// <summary>struct timespec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Timespec
    {
        internal nint Seconds;
        internal nint Nanoseconds;
    }

    /// <summary>struct ifreq, with ifr_flags of its union.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 40)]
    internal struct InterfaceFlags
    {
        // "lo", zero-terminated.
        [FieldOffset(0)] internal ushort Name;
        [FieldOffset(16)] internal short Flags;
    }
}
