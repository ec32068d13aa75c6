using Agent.Cli;
using Netlink.Interop;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Agent;

/// <summary>
/// Descriptors 0 to 2, which may be closed when the agent starts. The next file or pipe that is opened gets such a number; then a log line goes
/// into a pipe that .NET has for its signals, and kills the agent.
/// </summary>
internal static class StandardStreams
{
    private const string Null = "/dev/null";

    // Nothing can be written to standard output, so that a census that cannot be printed stays an error. The log has nobody who misses it.
    private static readonly int[] Modes = [O_RDONLY, O_RDONLY, O_WRONLY];

    /// <summary>
    /// Opens /dev/null on those that are closed. .NET opens its files before the first line of the agent runs: where it has taken such a
    /// number the program is started once more, in the same process, with its streams in order.
    /// </summary>
    /// <returns>Whether the agent can go on; otherwise an error was written.</returns>
    internal static bool TryOpen()
    {
        bool isTaken = false;
        for (int number = 0; number < Modes.Length; number++)
        {
            // A stream that the agent was started with cannot have this flag: execve(2) would have closed it.
            int flags = LibC.fcntl(number, F_GETFD);
            if (flags < 0 || (flags & FD_CLOEXEC) != 0)
            {
                isTaken |= flags >= 0;
                if (!TryOpenNull(number))
                {
                    // Without /dev/null, in a bare chroot(2) for example, it goes on as well as it can.
                    return true;
                }
            }
        }

        return !isTaken || StartOnceMore();
    }

    private static bool TryOpenNull(int number)
    {
        // Without O_CLOEXEC: it is to be there when the program is started once more.
        using FileDescriptor file = LibC.open(Null, Modes[number], mode: 0, out _);
        if (file.IsInvalid)
        {
            return false;
        }

        if (file.Number == number)
        {
            // It is where it belongs, and stays open.
            file.SetHandleAsInvalid();
            return true;
        }

        return LibC.dup2(file, number) == number;
    }

    /// <returns>False: where it succeeds it does not return.</returns>
    private static bool StartOnceMore()
    {
        string reason;
        try
        {
            byte[] arguments = File.ReadAllBytes("/proc/self/cmdline");
            byte[] variables = File.ReadAllBytes("/proc/self/environ");
            // Not /proc/self/exe: the process would be called "exe" from then on.
            reason = Environment.ProcessPath is { } path
                ? $"error {-LibC.execve(path, arguments, variables)} of execve"
                : "its path is unknown";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            reason = failure.Message;
        }

        ErrorLine.Write($"standard input, output or error is closed, and the agent cannot start itself once more ({reason}); start it with {Null} in their place");
        return false;
    }
}
