using System.Runtime.InteropServices;

namespace Testing;

/// <summary>What tests need of the C library beyond what the product calls.</summary>
internal static partial class NativeMethods
{
    internal const int CLONE_NEWNET = 0x40000000;
    internal const int SIOCGIFFLAGS = 0x8913;
    internal const int SIOCSIFFLAGS = 0x8914;
    internal const short IFF_UP = 1;
    internal const int SIGTERM = 15;
    internal const int SIGINT = 2;
    internal const int SIGKILL = 9;
    internal const int SIGSTOP = 19;
    internal const int SIGCONT = 18;

    // int unshare(int flags);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int unshare(int flags);

    // int ioctl(int fd, unsigned long request, ...);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int ioctl(nint fd, nuint request, ref InterfaceFlags flags);

    // int kill(pid_t pid, int sig);
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    /// <summary>struct ifreq, with ifr_flags of its union.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 40)]
    internal struct InterfaceFlags
    {
        // "lo", zero-terminated.
        [FieldOffset(0)] internal ushort Name;
        [FieldOffset(16)] internal short Flags;
    }
}
