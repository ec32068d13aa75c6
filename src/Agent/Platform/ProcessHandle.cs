using Netlink.Interop;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Agent.Platform;

/// <summary>
/// A process as pidfd_open(2) pins it: its PID cannot come to mean another process. It can copy descriptors of the process, pidfd_getfd(2).
/// </summary>
internal sealed class ProcessHandle : IDisposable
{
    // The kernel checks the permission before it looks for the descriptor, and no process has this one.
    private const int NoDescriptor = int.MaxValue;

    private readonly FileDescriptor _process;

    private ProcessHandle(FileDescriptor process) => _process = process;

    /// <param name="id">The PID in the PID namespace of the agent.</param>
    /// <param name="errno">Why the process cannot be opened; ESRCH if it has ended, ENOSYS before Linux 5.3.</param>
    /// <returns>The process; null if it cannot be opened.</returns>
    internal static ProcessHandle? Open(int id, out int errno)
    {
        FileDescriptor process = LibC.pidfd_open(id, flags: 0, out errno);
        return process.IsInvalid ? null : new ProcessHandle(process);
    }

    /// <summary>Tries whether the agent may copy descriptors of the process, without copying one.</summary>
    /// <returns>0 if it may; otherwise the errno: EPERM, ENOSYS before Linux 5.6, ESRCH if the process has ended.</returns>
    internal int TryCopying()
    {
        using FileDescriptor none = LibC.pidfd_getfd(_process, NoDescriptor, flags: 0, out int errno);
        return errno == EBADF ? 0 : errno;
    }

    /// <summary>
    /// Copies a descriptor. While the copy is open, the file stays open after the process has closed it: close the copy at once.
    /// </summary>
    /// <param name="descriptor">The descriptor in the process.</param>
    /// <param name="errno">0; or EBADF if it is not open, EPERM, ESRCH if the process has ended.</param>
    internal FileDescriptor Copy(int descriptor, out int errno) => LibC.pidfd_getfd(_process, descriptor, flags: 0, out errno);

    public void Dispose() => _process.Dispose();
}
