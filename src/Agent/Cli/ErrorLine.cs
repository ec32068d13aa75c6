using System.Text;

namespace Agent.Cli;

/// <summary>What is told on standard error: one line, whatever text went into it.</summary>
internal static class ErrorLine
{
    /// <summary>Writes it; where nobody takes it, nothing is to be done about that.</summary>
    internal static void Write(string message)
    {
        try
        {
            // Not Console.Error: at its first use .NET writes control sequences to the terminal, as Terminal tells.
            using Stream errors = Console.OpenStandardError();
            errors.Write(Encoding.UTF8.GetBytes(For(message) + '\n'));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Standard error is closed, or on a full disk. The exit code is still told.
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
