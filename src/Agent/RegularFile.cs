using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Netlink.Interop;
using Tmds.Linux;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Agent;

/// <summary>Opens a file that is read again and again, or that another user may have put there: never waits for the other end of a pipe, nor reads a device.</summary>
internal static class RegularFile
{
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="IOException">It is something else than a file, or cannot be opened.</exception>
    internal static FileStream OpenRead(string path)
    {
        FileDescriptor opened = LibC.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0, out int errno);
        if (opened.IsInvalid)
        {
            // ENXIO is what a socket says.
            throw errno == ENOENT || errno == ENOTDIR ? new FileNotFoundException($"there is no {path}", path)
                : errno == ENXIO ? NotRegular("a socket or a device")
                : new IOException(Marshal.GetPInvokeErrorMessage(errno));
        }

        using (opened)
        {
            errno = -LibC.statx(opened, STATX_TYPE, out statx status);
            if (errno > 0)
            {
                throw new IOException(Marshal.GetPInvokeErrorMessage(errno));
            }

            mode_t kind = (mode_t)status.stx_mode & S_IFMT;
            return kind == S_IFREG
                ? new FileStream(new SafeFileHandle(opened.Release(), ownsHandle: true), FileAccess.Read)
                : throw NotRegular(kind == S_IFDIR ? "a directory" : kind == S_IFIFO ? "a pipe" : "a socket or a device");
        }
    }

    private static IOException NotRegular(string kind) => new($"it is {kind} and not a regular file");
}
