namespace Agent.Cli.Rendering;

/// <summary>The terminal that standard output is.</summary>
/// <param name="Width">Its columns.</param>
/// <param name="HasColours">Whether it shows colours and its user wants them.</param>
internal sealed record Terminal(int Width, bool HasColours)
{
    internal const int DefaultWidth = 80;

    private const string TerminalType = "TERM";
    private const string Dumb = "dumb";

    // Less than this is no place for a table, nor what anybody has set on purpose.
    private const int LeastWidth = 20;

    /// <returns>The terminal; null where standard output is something else.</returns>
    internal static Terminal? OfStandardOutput(Func<string, string?> readVariable)
    {
        if (Console.IsOutputRedirected)
        {
            return null;
        }

        bool hasColours = TakesColours(readVariable);
        // Before .NET tells the width it puts the terminal's keypad into application mode, with what terminfo says of TERM, and leaves it
        // there. Of a dumb terminal terminfo says nothing. The width comes from the kernel all the same.
        Environment.SetEnvironmentVariable(TerminalType, Dumb);
        return new Terminal(WidthOf(Console.WindowWidth), hasColours);
    }

    /// <summary>What is wide enough for a table; else the default.</summary>
    /// <param name="columns">As the kernel says; 0 where nobody has told it.</param>
    internal static int WidthOf(int columns) => columns < LeastWidth ? DefaultWidth : columns;

    /// <summary>Whether text is UTF-8 where the program runs: see locale(7) for the order of the variables, and for what none of them means.</summary>
    internal static bool TakesUtf8(Func<string, string?> readVariable)
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

    /// <summary>Whether it shows colours, and its user has not refused them: see https://no-color.org.</summary>
    internal static bool TakesColours(Func<string, string?> readVariable) =>
        readVariable("NO_COLOR") is null or "" && readVariable(TerminalType) is not (null or "" or Dumb);
}
