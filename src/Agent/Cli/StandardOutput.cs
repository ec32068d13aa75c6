using System.Text;
using Agent.Publishing;

namespace Agent.Cli;

/// <summary>Standard output, which may be closed, full, or a pipe without a reader.</summary>
internal static class StandardOutput
{
    private static Stream? _stream;

    /// <summary>Takes the descriptor that .NET needs to write, before something else takes the last one.</summary>
    /// <exception cref="IOException">There is no descriptor left.</exception>
    internal static void Reserve() => _stream = Console.OpenStandardOutput();

    /// <summary>Writes the whole text. .NET's console would hide an error, or end the program with a stack trace.</summary>
    /// <returns>Whether all was written; if not, an error line was.</returns>
    internal static bool TryWrite(ReadOnlySpan<byte> text)
    {
        try
        {
            _stream ??= Console.OpenStandardOutput();
            SizeLimitedWrite.Write(_stream, text);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            ErrorLine.Write($"cannot write to standard output: {failure.Message}");
            return false;
        }
    }

    internal static bool TryWrite(string text) => TryWrite(Encoding.UTF8.GetBytes(text));
}
