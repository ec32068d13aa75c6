using Agent.Configuration;

namespace Agent.Cli;

/// <summary><c>agent check-config FILE</c>: the file is valid, and these settings are in force with it.</summary>
internal static class CheckConfigCommand
{
    /// <param name="file">The file.</param>
    /// <param name="settings">What is in force with it; of an invalid file there would be none.</param>
    /// <param name="output">Standard output.</param>
    /// <returns>The exit code.</returns>
    internal static int Run(string file, Settings settings, TextWriter output)
    {
        EffectiveSetting[] lines = [.. EffectiveSetting.Of(settings)];
        int nameWidth = lines.Max(line => line.Name.Length);
        int valueWidth = lines.Max(line => line.Value.Length);
        output.Write($"{file} is valid\n");
        foreach (EffectiveSetting line in lines)
        {
            output.Write($"{line.Name.PadRight(nameWidth)}  {line.Value.PadRight(valueWidth)}  {line.Origin}\n");
        }

        foreach (string notice in settings.Notices)
        {
            output.Write($"{notice}\n");
        }

        output.Flush();
        return ExitCode.Fine;
    }
}
