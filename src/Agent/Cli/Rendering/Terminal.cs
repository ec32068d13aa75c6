namespace Agent.Cli.Rendering;

/// <summary>The terminal behind standard output.</summary>
/// <param name="Width">Its width in columns.</param>
/// <param name="HasColors">Whether it shows colors and its user wants them.</param>
internal sealed record Terminal(int Width, bool HasColors)
{
    internal const int DefaultWidth = 80;

    private const string TerminalType = "TERM";
    private const string Dumb = "dumb";

    // A terminal that reports fewer columns is too narrow for a table, and its size was probably never set.
    private const int LeastWidth = 20;

    /// <returns>The terminal; null if standard output is not one.</returns>
    internal static Terminal? OfStandardOutput(Func<string, string?> readVariable)
    {
        if (Console.IsOutputRedirected)
        {
            return null;
        }

        bool hasColors = AllowsColors(readVariable);
        // Before .NET returns the width, it sends the sequence of terminfo that puts the keypad into application mode, and does not undo it.
        // For TERM=dumb terminfo has no such sequence. The width comes from the kernel in any case.
        Environment.SetEnvironmentVariable(TerminalType, Dumb);
        return new Terminal(WidthOf(Console.WindowWidth), hasColors);
    }

    /// <summary>The width if it is wide enough for a table, otherwise the default.</summary>
    /// <param name="columns">As the kernel reports it; 0 if it was never set.</param>
    internal static int WidthOf(int columns) => columns < LeastWidth ? DefaultWidth : columns;

    /// <summary>Whether the locale's encoding is UTF-8; see locale(7) for the order of the variables and for the meaning of none.</summary>
    internal static bool AllowsUtf8(Func<string, string?> readVariable)
    {
        string locale = "";
        foreach (string variable in (ReadOnlySpan<string>)["LC_ALL", "LC_CTYPE", "LANG"])
        {
            if (readVariable(variable) is { Length: > 0 } set)
            {
                locale = set;
                break;
            }
        }

        // language_TERRITORY.codeset@modifier
        int dot = locale.IndexOf('.', StringComparison.Ordinal);
        string codeset = dot < 0 ? "" : locale[(dot + 1)..].Split('@')[0];
        return codeset.Equals("UTF-8", StringComparison.OrdinalIgnoreCase) || codeset.Equals("UTF8", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether the terminal shows colors and its user has not refused them; see https://no-color.org.</summary>
    internal static bool AllowsColors(Func<string, string?> readVariable) =>
        readVariable("NO_COLOR") is null or "" && readVariable(TerminalType) is not (null or "" or Dumb);
}
