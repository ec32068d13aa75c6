using System.Text;
using Agent.Publishing;
using Agent.Readings;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Agent.Cli;

/// <summary>Writes errors to standard error, each as one line.</summary>
internal static class ErrorLine
{
    private const int StandardError = 2;
    private const int LongestWaitMilliseconds = 1000;

    // sd-daemon(3), SD_ERR and SD_WARNING.
    private const string ErrorPriority = "<3>";
    private const string WarningPriority = "<4>";

    /// <summary>Writes an error line. If standard error is closed or full, the line is lost.</summary>
    internal static void Write(string message) => Write(message, ErrorPriority);

    /// <summary>Writes a line about something that is no error of the agent and does not change the exit code.</summary>
    internal static void WriteWarning(string message) => Write(message, WarningPriority);

    internal static string For(string message) => $"agent: {OneLine.Of(message)}";

    private static void Write(string message, string priority)
    {
        // Not through .NET's console: it needs descriptors and a thread, and the error may be that there are no more of them. At its first use
        // it also writes control sequences to the terminal; see Terminal.
        ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes($"{(Journal.IsStandardError ? priority : "")}{For(message)}\n");
        while (!rest.IsEmpty)
        {
            int written = LibC.write(StandardError, rest);
            // Another program made the stream non-blocking, and its reader is slow: wait up to a second for each part.
            if (written == -EAGAIN ? LibC.poll(StandardError, POLLOUT, LongestWaitMilliseconds) <= 0 : written < 0 && written != -EINTR)
            {
                // Standard error is closed, or on a full disk. The exit code still reports the error.
                return;
            }

            rest = rest[Math.Max(written, 0)..];
        }
    }
}
