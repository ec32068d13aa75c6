namespace Agent.Readings;

/// <summary>Texts of others, such as error messages, for the one line in which the agent reports a failure.</summary>
internal static class OneLine
{
    /// <summary>Replaces each control character with a space.</summary>
    internal static string Of(string text) => string.Create(text.Length, text, static (line, source) =>
    {
        for (int i = 0; i < line.Length; i++)
        {
            line[i] = char.IsControl(source[i]) ? ' ' : source[i];
        }
    });
}
