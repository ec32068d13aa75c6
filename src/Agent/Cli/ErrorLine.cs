using System.Text;
using Agent.Publishing;
using static Tmds.Linux.LibC;
using LibC = Netlink.Interop.LibC;

namespace Agent.Cli;

/// <summary>What is told on standard error: one line, whatever text went into it.</summary>
internal static class ErrorLine
{
    private const int StandardError = 2;
    private const int LongestWaitMilliseconds = 1000;

    // sd-daemon(3), SD_ERR.
    private const string ErrorPriority = "<3>";

    /// <summary>Writes it; where nobody takes it, nothing is to be done about that.</summary>
    internal static void Write(string message)
    {
        // Not through .NET's console: it makes descriptors and a thread for that, and what there is to say may be that there are no more of them.
        // At its first use it also writes control sequences to the terminal, as Terminal tells.
        ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes($"{(Journal.IsStandardError ? ErrorPriority : "")}{For(message)}\n");
        while (!rest.IsEmpty)
        {
            int written = LibC.write(StandardError, rest);
            // A stream that another program made so that it does not wait, and a reader that is slow: it has a second for each part.
            if (written == -EAGAIN ? LibC.poll(StandardError, POLLOUT, LongestWaitMilliseconds) <= 0 : written < 0 && written != -EINTR)
            {
                // Standard error is closed, or on a full disk. The exit code is still told.
                return;
            }

            rest = rest[Math.Max(written, 0)..];
        }
    }

    internal static string For(string message) => $"agent: {Flatten(message)}";

    /// <summary>Puts a space in the place of each control character.</summary>
    internal static string Flatten(string message) => string.Create(message.Length, message, static (line, source) =>
    {
        for (int i = 0; i < line.Length; i++)
        {
            line[i] = char.IsControl(source[i]) ? ' ' : source[i];
        }
    });
}
