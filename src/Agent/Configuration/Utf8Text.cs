namespace Agent.Configuration;

/// <summary>Refuses arguments and variables that are not UTF-8, of which .NET makes another text, and so of one path another one.</summary>
internal static class Utf8Text
{
    // U+FFFD, which .NET puts into the place of bytes that are not UTF-8.
    private const char Replacement = '\uFFFD';

    /// <param name="origin">The option or variable.</param>
    /// <param name="text">Its value as .NET tells it; null where there is none.</param>
    /// <returns>The value.</returns>
    /// <exception cref="ConfigurationException">It is not UTF-8.</exception>
    internal static string? Checked(string origin, string? text) => text is null || IsWhole(text)
        ? text
        : throw new ConfigurationException($"{origin}: the value is not UTF-8; rename the file or directory, or give another one");

    /// <summary>Whether it has no character that stands for other bytes.</summary>
    internal static bool IsWhole(string text) => !text.Contains(Replacement);
}
