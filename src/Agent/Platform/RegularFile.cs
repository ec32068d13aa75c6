using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Netlink.Interop;
using Tmds.Linux;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Agent.Platform;

/// <summary>
/// Opens a file that is read repeatedly, or that another user may have created. It never waits for the other end of a pipe, and never reads a device.
/// </summary>
internal static class RegularFile
{
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The user has no permission to open it.</exception>
    /// <exception cref="IOException">It is not a regular file, or cannot be opened for another reason.</exception>
    internal static FileStream OpenRead(string path)
    {
        FileDescriptor opened = LibC.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0, out int errno);
        if (opened.IsInvalid)
        {
            // ENXIO means that it is a socket.
            throw errno == ENOENT || errno == ENOTDIR ? new FileNotFoundException($"there is no {path}", path)
                : errno == EACCES ? new UnauthorizedAccessException(Marshal.GetPInvokeErrorMessage(errno))
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
