using Netlink.Interop;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Agent.Cli;

/// <summary>
/// The descriptors 0 to 2, which may be closed when the agent starts. The next file or pipe would get such a number. A log line could then go
/// into the pipe that .NET uses for signals, and kill the agent.
/// </summary>
internal static class StandardStreams
{
    private const string Null = "/dev/null";

    // Standard output is opened for reading only, so that a census that cannot be printed is still an error. Log lines may be lost.
    private static readonly int[] Modes = [O_RDONLY, O_RDONLY, O_WRONLY];

    /// <summary>
    /// Opens /dev/null for each closed descriptor. .NET opens its own files before the first line of the agent runs. If one of them got such a
    /// number, the program starts once more in the same process, with all three descriptors open.
    /// </summary>
    /// <returns>Whether the agent can continue; if not, an error line was written.</returns>
    internal static bool TryOpen()
    {
        bool isTaken = false;
        for (int number = 0; number < Modes.Length; number++)
        {
            // A descriptor that the agent inherited cannot have this flag: execve(2) would have closed it.
            int flags = LibC.fcntl(number, F_GETFD);
            if (flags < 0 || (flags & FD_CLOEXEC) != 0)
            {
                isTaken |= flags >= 0;
                if (!TryOpenNull(number))
                {
                    // There is no /dev/null, for example in a bare chroot(2). The agent continues without.
                    return true;
                }
            }
        }

        return !isTaken || StartOnceMore();
    }

    private static bool TryOpenNull(int number)
    {
        // Without O_CLOEXEC: the descriptor must stay open when the program starts once more.
        using FileDescriptor file = LibC.open(Null, Modes[number], mode: 0, out _);
        if (file.IsInvalid)
        {
            return false;
        }

        if (file.Number == number)
        {
            // It has the right number already, and stays open.
            file.SetHandleAsInvalid();
            return true;
        }

        return LibC.dup2(file, number) == number;
    }

    /// <returns>False if it fails. If it succeeds, it does not return.</returns>
    private static bool StartOnceMore()
    {
        string reason;
        try
        {
            byte[] arguments = File.ReadAllBytes("/proc/self/cmdline");
            byte[] variables = File.ReadAllBytes("/proc/self/environ");
            // Not /proc/self/exe: the process would then have the name "exe".
            reason = Environment.ProcessPath is { } path
                ? $"error {-LibC.execve(path, arguments, variables)} of execve"
                : "its path is unknown";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            reason = failure.Message;
        }

        ErrorLine.Write($"standard input, output or error is closed, and the agent cannot restart itself ({reason}); redirect the closed stream to {Null}");
        return false;
    }
}
