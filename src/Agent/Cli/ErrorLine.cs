namespace Agent.Cli;

/// <summary>What is told on standard error: one line, whatever text went into it.</summary>
internal static class ErrorLine
{
    /// <summary>Writes it; where nobody takes it, nothing is to be done about that.</summary>
    internal static void Write(string message)
    {
        try
        {
            Console.Error.WriteLine(For(message));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Standard error is closed, or on a full disk. The exit code is still told.
        }
    }

    internal static string For(string message) =>
        $"agent: {string.Create(message.Length, message, static (line, source) =>
        {
            for (int i = 0; i < line.Length; i++)
            {
                line[i] = char.IsControl(source[i]) ? ' ' : source[i];
            }
        })}";
}
