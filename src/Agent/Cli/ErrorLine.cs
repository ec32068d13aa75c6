namespace Agent.Cli;

/// <summary>What is told on standard error: one line, whatever text went into it.</summary>
internal static class ErrorLine
{
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
